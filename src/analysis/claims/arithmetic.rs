//! Claims that are arithmetic: `784 * 128 = 101632`.
//!
//! In: an expression of numbers, `+ - * / ^`, brackets, and `sigmoid`, `exp`, `ln` and `sqrt`. Out: its value.

/// Whether a value is a published number as far as that was written: to within half a unit of its last digit.
pub fn agrees(value: f64, published: &str) -> Option<bool> {
    let number: f64 = published.trim().parse().ok()?;
    let decimals = published.trim().split_once('.').map_or(0, |(_, decimals)| decimals.len());
    // A hair more, since most decimal fractions are no binary ones.
    Some((value - number).abs() <= 0.5 * 10f64.powi(-(decimals as i32)) * (1.0 + 1e-9))
}

/// The value of an expression.
///
/// # Errors
/// It cannot be read; the message has what was expected and what stands there.
pub fn evaluate(text: &str) -> Result<f64, String> {
    let mut parser = Parser { rest: text.trim() };
    let value = parser.sum()?;
    if parser.rest.is_empty() { Ok(value) } else { Err(parser.expected("an operator")) }
}

/// A function of one number, by its name.
type Named = (&'static str, fn(f64) -> f64);

const FUNCTIONS: &[Named] =
    &[("sigmoid", |x| 1.0 / (1.0 + libm::exp(-x))), ("exp", libm::exp), ("ln", libm::log), ("sqrt", libm::sqrt)];

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        loop {
            if self.takes("+") {
                value += self.product()?;
            } else if self.takes("-") {
                value -= self.product()?;
            } else {
                return Ok(value);
            }
        }
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.power()?;
        loop {
            if self.takes("*") {
                value *= self.power()?;
            } else if self.takes("/") {
                value /= self.power()?;
            } else {
                return Ok(value);
            }
        }
    }

    /// Binds to the right: `2 ^ 3 ^ 2` is `2 ^ 9`; a sign before it binds less, as in `-2 ^ 2`.
    fn power(&mut self) -> Result<f64, String> {
        if self.takes("-") {
            return Ok(-self.power()?);
        }
        let base = self.factor()?;
        if self.takes("^") { Ok(libm::pow(base, self.power()?)) } else { Ok(base) }
    }

    fn factor(&mut self) -> Result<f64, String> {
        for (name, function) in FUNCTIONS {
            if self.takes(name) {
                return Ok(function(self.bracketed()?));
            }
        }
        if self.rest.starts_with('(') {
            return self.bracketed();
        }
        let digits =
            self.rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(self.rest.len());
        let number = self.rest[..digits].parse().map_err(|_| self.expected("a number, a bracket or a function"))?;
        self.rest = self.rest[digits..].trim_start();
        Ok(number)
    }

    fn bracketed(&mut self) -> Result<f64, String> {
        if !self.takes("(") {
            return Err(self.expected("`(`"));
        }
        let value = self.sum()?;
        if self.takes(")") { Ok(value) } else { Err(self.expected("`)`")) }
    }

    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.map_or(self.rest, str::trim_start);
        rest.is_some()
    }

    fn expected(&self, what: &str) -> String {
        let found = if self.rest.is_empty() { "the end" } else { self.rest };
        format!("expected {what}, found `{found}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_the_value_that_arithmetic_gives_them() {
        for (text, value) in [
            ("784 * 128 + 128 * 10", 101_632.0),
            ("2 - 3 - 4", -5.0),
            ("(1 + 2) * 3 ^ 2", 27.0),
            ("-2 ^ 2", -4.0),
            ("12 / 4 / 3", 1.0),
            ("sigmoid(0)", 0.5),
            ("ln(exp(2)) + sqrt(9)", 5.0),
        ] {
            assert!((evaluate(text).unwrap() - value).abs() < 1e-12, "{text}");
        }
        // 1 / (1 + e^-0.5).
        assert!((evaluate("sigmoid(0.5)").unwrap() - 0.622_459_331_201_854_6).abs() < 1e-15);
        for wrong in ["", "1 +", "2 3", "(1", "sigmoid 1", "x"] {
            assert!(evaluate(wrong).unwrap_err().starts_with("expected "), "{wrong}");
        }
    }

    #[test]
    fn a_number_agrees_as_far_as_it_was_written() {
        assert_eq!(agrees(0.6225, "0.62"), Some(true));
        assert_eq!(agrees(0.6225, "0.73"), Some(false));
        assert_eq!(agrees(0.615, "0.62"), Some(true));
        assert_eq!(agrees(100_352.0, "101632"), Some(false));
        assert_eq!(agrees(1.0, "one"), None);
    }
}

//! What a file may say, and what each mistake is answered with.

use super::*;
use crate::experiment::config::{Hidden, Taper};
use crate::experiment::plan::Plan;
use crate::nn::models::{ActivationKind, Init};
use crate::nn::optim::UpdateRule;

fn parse(text: &str) -> Result<Spec, SpecError> {
    Spec::parse("x", "x.toml", text)
}

#[track_caller]
fn mistake(text: &str, location: &str, parts: &[&str]) {
    let error = parse(text).unwrap_err();
    assert_eq!(error.location, location, "{error}");
    for part in parts {
        assert!(error.what.contains(part), "`{part}` not in: {error}");
    }
}

#[test]
fn every_shipped_experiment_parses_and_plans() {
    for (name, text) in library::EXPERIMENTS {
        let spec = Spec::parse(name, name, text).unwrap();
        let plan = crate::experiment::plan::Plan::new(&spec).unwrap();
        assert!(!plan.arms.is_empty(), "{name}");
        crate::analysis::claims::check(&plan).unwrap();
    }
}

#[test]
fn a_file_says_only_what_differs() {
    let spec = parse(
        "question = 'q'\n[model]\nactivation = 'tanh'\ninit = { normal = 0.1 }\n[train]\nlr = 0.5\noptimizer = 'sgd'",
    )
    .unwrap();
    let config = spec.resolve(&[]).unwrap();
    assert_eq!(config.model.activation, ActivationKind::Tanh);
    assert_eq!(config.model.init, Init::Normal(0.1).into());
    assert_eq!((config.train.optimizer.rule, config.train.optimizer.lr), (UpdateRule::Sgd, 0.5));
    assert_eq!(config.train.epochs, 50);
}

#[test]
fn misspelt_keys_are_answered_with_line_and_nearest_name() {
    mistake("question = 'q'\n\n[train]\nepoch = 3", "x.toml:4", &["`epoch`", "did you mean `epochs`?"]);
    mistake("question = 'q'\nquestoin = 'r'", "x.toml:2", &["did you mean `question`?"]);
    mistake("question = 'q'\n[sweep]\noptimiser = ['adam']", "x.toml:3", &["did you mean `optimizer`?"]);
    mistake(
        "question = 'q'\n[sweep]\noptimizer = [{ name = 'adam', lrr = 1 }]",
        "x.toml:3",
        &["lrr", "did you mean `lr`?"],
    );
    mistake("question = 'q'\nbatch_size = 3", "x.toml:2", &["`batch_size` belongs under [train]"]);
    mistake("question = 'q'\nlr = 3", "x.toml:2", &["`lr` belongs under [train], as `lr`"]);
    let error = Spec::parse("x", "x", "question = 'q'").unwrap().set("train.lrr=1").unwrap_err().to_string();
    assert!(error.contains("did you mean `train.lr`?"), "{error}");
}

#[test]
fn values_that_do_not_fit_are_answered_with_line_and_what_fits() {
    mistake("question = 'q'\n[sweep]\noptimizer = ['adamm']", "x.toml:3", &["adamm", "did you mean `adam`?"]);
    mistake("question = 'q'\n[train]\nlr = -0.1", "x.toml:3", &["`lr`", "above 0"]);
    mistake("question = 'q'\n[sweep]\nlr = [0.1, -0.1]", "x.toml:3", &["`lr`", "-0.1"]);
    mistake("question = 'q'\n[train]\nbatch_size = 0", "x.toml:3", &["train.batch_size", "at least 1"]);
    mistake("question = 'q'\n[train]\nbatch_size = 'big'", "x.toml:3", &["batch_size", "expected usize"]);
    mistake("question = 'q'\nseeds = 0", "x.toml: seeds", &["at least 1"]);
    mistake("question = 'q'\n[sweep]\nlr = []", "x.toml:3", &["empty"]);
    mistake("question = 'q'\n[sweep]\nhidden = [64, 32]", "x.toml:3", &["[[64, 32], [128, 64]]"]);
    mistake("question = 'q'\n[train]\nlr = = 3", "x.toml:3", &["not TOML"]);
    mistake("seeds = 3", "x.toml:1", &["question"]);
    mistake("question = 'q'\n[sweep]\nlr = { log_uniform = [0.1, 1.0] }", "x.toml:3", &["search"]);
    mistake(
        "question = 'q'\n[sweep]\nlr = { log_uniform = [0, 1.0] }\nsearch = { random = 3 }",
        "x.toml:3",
        &["above 0"],
    );
    mistake("question = 'q'\n[sweep]\nlr = [0.1]\nsearch = { random = 0 }", "x.toml:2", &["0 arms"]);
    mistake("question = 'q'\n[sweep]\nlr = [0.1]\nzip = [['lr', 'batch_size']]", "x.toml:2", &["no axis"]);
    mistake("question = 'q'\n[[claims]]\nsays = 's'\ntset = 't'", "x.toml:2", &["tset", "did you mean `test`?"]);
}

#[test]
fn set_overrides_any_key_and_a_list_makes_an_axis() {
    let mut spec = parse("question = 'q'\n[sweep]\noptimizer = [{ name = 'sgd', lr = 0.1 }, 'adam']").unwrap();
    spec.set("train.lr=0.25").unwrap();
    spec.set("hidden=[16, 8]").unwrap();
    let plan = crate::experiment::plan::Plan::new(&spec).unwrap();
    assert!(
        plan.arms
            .iter()
            .all(|arm| arm.config.train.optimizer.lr == 0.25 && arm.config.model.hidden == Hidden::Widths(vec![16, 8]))
    );
    spec.set("batch_size=[8, 16]").unwrap();
    assert_eq!(crate::experiment::plan::Plan::new(&spec).unwrap().arms.len(), 4);
    spec.set("optimizer=momentum").unwrap();
    let labels: Vec<String> =
        crate::experiment::plan::Plan::new(&spec).unwrap().arms.into_iter().map(|a| a.label).collect();
    assert_eq!(labels, ["batch_size=8", "batch_size=16"]);
    for (typed, part) in [
        ("epoch=3", "did you mean `epochs`"),
        ("epochs", "KEY=VALUE"),
        ("batch_size=0", "at least 1"),
        ("batch_size=[]", "empty"),
    ] {
        let error = spec.clone().set(typed).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains(typed), "{error}");
    }
}

#[test]
fn a_rate_set_for_all_reaches_optimizers_named_without_one() {
    let spec = parse("question = 'q'\n[train]\nlr = 0.25\n[sweep]\noptimizer = ['sgd', { name = 'adam', lr = 0.001 }]")
        .unwrap();
    let plan = crate::experiment::plan::Plan::new(&spec).unwrap();
    let rates: Vec<f64> = plan.arms.iter().map(|arm| arm.config.train.optimizer.lr).collect();
    assert_eq!(rates, [0.25, 0.001]);
}

#[test]
fn the_resolved_spec_reads_back_to_the_same_plan() {
    let texts = library::EXPERIMENTS.iter().map(|(_, text)| (*text).to_string());
    let extra = "question = 'q'\n[train]\nlr = 0.25\npatience = 3\nschedule = { step = { every = 5, gamma = 0.5 } }\n[sweep]\noptimizer = ['sgd', { name = 'adam', lr = 0.001 }]\nbatch_size = { uniform = [8, 64] }\nsearch = { random = 5, seed = 3 }";
    // A flag beats what a named arm says of the same setting, here and when read back.
    let arms =
        "question = 'q'\n[[arms]]\nname = 'a'\nlr = 0.1\nepochs = 3\n[[arms]]\nname = 'b'\nlr = 0.2\nbatch_size = 7";
    for text in texts.chain([extra.to_string(), arms.to_string()]) {
        let mut spec = parse(&text).unwrap();
        spec.published = Some(Box::new(spec.clone()));
        // No experiment's arms differ in these alone.
        spec.set("clip_value=0.5").unwrap();
        spec.set("clip_norm=[1.0, 2.0]").unwrap();
        if text == extra || text == arms {
            spec.set("epochs=2").unwrap();
            spec.set("lr=0.07").unwrap();
        }
        let plan = crate::experiment::plan::Plan::new(&spec).unwrap();
        let again = parse(&spec.to_toml().unwrap()).unwrap_or_else(|e| panic!("{e}\n{}", spec.to_toml().unwrap()));
        assert_eq!(plan, crate::experiment::plan::Plan::new(&again).unwrap());
        assert_eq!(spec.to_toml().unwrap(), again.to_toml().unwrap());
    }
}

#[test]
fn an_unknown_experiment_is_answered_with_the_nearest() {
    let error = library::find("optimiser").unwrap_err().to_string();
    assert!(error.contains("did you mean `optimizers`?") && error.contains("batch_sizes"), "{error}");
}

#[test]
fn depth_and_hidden_widths_give_way_to_whichever_is_set_later_and_clash_in_one_file() {
    let hidden = |text: &str, set: &[&str]| {
        let mut spec = parse(text).unwrap();
        set.iter().for_each(|set| spec.set(set).unwrap());
        Plan::new(&spec).map(|plan| plan.arms.iter().map(|arm| arm.config.model.hidden.clone()).collect::<Vec<_>>())
    };
    let taper = |depth| Hidden::Taper(Taper { depth });
    let base = "question = 'q'\n[model]\n";
    assert_eq!(hidden(&format!("{base}depth = 3"), &[]).unwrap(), [taper(3)]);
    assert_eq!(hidden(&format!("{base}depth = 3"), &["hidden=[9]"]).unwrap(), [Hidden::Widths(vec![9])]);
    assert_eq!(hidden(&format!("{base}hidden = [9]"), &["depth=2"]).unwrap(), [taper(2)]);
    assert_eq!(hidden(&format!("{base}hidden = [9]"), &["depth=[1, 2]"]).unwrap(), [taper(1), taper(2)]);
    let error = hidden(&format!("{base}hidden = [9]\ndepth = 2"), &[]).unwrap_err();
    assert!(error.what.contains("keep one"), "{error}");
}

#[test]
fn an_autoencoders_spec_is_written_so_that_it_reads_back_to_the_same_plan() {
    let text = "question = 'q'\nmetric = 'psnr@0.2'\n[model]\nlatent = 4\n[train]\nloss = 'mse'\nnoise = 0.2\nnoise_kind = 'mask'\n\
                [evaluate]\nknn = 5\nnoise = [0.0, 0.2]\n[sweep]\ndepth = [1, 2]";
    let spec = parse(text).unwrap();
    let again = parse(&spec.to_toml().unwrap()).unwrap();
    let (plan, back) = (Plan::new(&spec).unwrap(), Plan::new(&again).unwrap());
    assert_eq!(plan.arms, back.arms);
    assert_eq!((back.metric.to_string().as_str(), back.arms[1].label.as_str()), ("psnr@0.2", "depth=2"));
    let error = parse("question = 'q'\nmetric = 'test_accurracy'").unwrap_err();
    assert!(error.what.contains("did you mean `test_accuracy`"), "{error}");
}

#[test]
fn named_arms_are_the_first_axis_and_their_mistakes_are_reported() {
    let text = "question = 'q'\n[[arms]]\nname = 'a'\nlr = 0.1\n[[arms]]\nname = 'b b'\ntrain.l2 = 3.0\n\
                [sweep]\nbatch_size = [8, 16]";
    let spec = parse(text).unwrap();
    let plan = Plan::new(&spec).unwrap();
    let labels: Vec<&str> = plan.arms.iter().map(|arm| arm.label.as_str()).collect();
    assert_eq!(labels, ["a batch_size=8", "a batch_size=16", "b b batch_size=8", "b b batch_size=16"]);
    assert_eq!((plan.arms[0].config.train.optimizer.lr, plan.arms[2].config.train.l2), (0.1, 3.0));
    mistake("question = 'q'\n[[arms]]\nlr = 0.1", "x.toml:2", &["name"]);
    mistake("question = 'q'\n[[arms]]\nname = 'a'\nlrr = 0.1", "x.toml:4", &["did you mean `lr`?"]);
    mistake("question = 'q'\n[[arms]]\nname = 'a'\n[[arms]]\nname = 'a'", "x.toml:4", &["two arms `a`"]);
    let again = Spec::parse("x", "again", &spec.to_toml().unwrap()).unwrap();
    assert_eq!(Plan::new(&again).unwrap().arms, plan.arms);
}

#[test]
fn a_start_must_name_an_arm_of_the_same_shape_and_no_circle() {
    let plan = |text: &str| Plan::new(&parse(&format!("question = 'q'\n{text}")).unwrap());
    let arms = |second: &str| format!("[[arms]]\nname = 'a'\n[[arms]]\nname = 'b'\nlr = 0.1\n{second}");
    assert!(plan(&arms("start = { after = 'a' }")).is_ok());
    let error = |text: &str| plan(&arms(text)).unwrap_err().to_string();
    assert!(error("start = { after = 'aa' }").contains("did you mean `a`?"));
    assert!(error("start = { after = 'a' }\nhidden = [9]").contains("[784, 9, 10]"));
    assert!(error("start = { after = 'b' }").contains("circle"));
}

#[test]
fn a_claim_has_a_test_or_a_reason_why_not() {
    let claim = |text: &str| parse(&format!("question = 'q'\n[[claims]]\nsays = 's'\n{text}"));
    assert_eq!(
        claim("untestable = 'no numbers are given'\npublished = '0.9'").unwrap().claims[0].published.as_deref(),
        Some("0.9")
    );
    assert!(claim("").unwrap_err().what.contains("untestable"));
    assert!(claim("test = 'a > b on test_accuracy'\nuntestable = 'x'").is_err());
}

#[test]
fn arms_that_a_flag_makes_equal_are_one_and_arms_that_are_written_equal_are_a_mistake() {
    let text = "question = 'q'\n[[arms]]\nname = 'short'\nepochs = 3\n[[arms]]\nname = 'long'\nepochs = 9";
    let mut spec = parse(text).unwrap();
    spec.published = Some(Box::new(spec.clone()));
    spec.set("epochs=2").unwrap();
    assert_eq!(spec.differences(), ["train.epochs is 2 instead of what its arms set"]);
    let labels = |spec: &Spec| {
        let plan = crate::experiment::plan::Plan::new(spec)?;
        Ok::<_, SpecError>(plan.arms.iter().map(|arm| arm.label.clone()).collect::<Vec<_>>())
    };
    assert_eq!(labels(&spec).unwrap(), ["short"]);
    assert_eq!(labels(&parse(&spec.to_toml().unwrap()).unwrap()).unwrap(), ["short"]);
    let equal = parse(&text.replace('9', "3")).unwrap();
    assert!(labels(&equal).unwrap_err().to_string().contains("its settings are those of arm `short`"));
}

//! Every figure with its marks counted.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::data::{Images, PIXELS, toys};
use crate::evaluate::classification::Mistake;
use crate::experiment::metric::Metric;
use crate::nn::test_function::Function;
use crate::record::{DecisionGrid, LayerHistory, Status, TrialRecord};
use crate::report::fixture::Fixture;
use crate::studies::grid::Grid2d;
use crate::studies::lr_finder::LossCurve;

/// A figure's marks: how often a piece of SVG occurs in it.
struct Marks(String);

impl Marks {
    fn of(figure: &Figure) -> Self {
        let svg = String::from_utf8(figure.bytes.clone()).unwrap();
        assert!(svg.contains(&format!("<title>{}</title>", svg::escape(&figure.alt))), "{}", figure.file);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.file);
        Self(svg)
    }

    #[track_caller]
    fn expect(&self, expected: &[(&str, usize)]) {
        for (mark, count) in expected {
            assert_eq!(self.0.matches(mark).count(), *count, "{mark} in\n{}", self.0);
        }
    }
}

const DOT: &str = "<circle";
/// A rectangle of its own, unlike the background.
const RECT: &str = "<rect x=";
const LINE: &str = "<polyline";
const BAND: &str = "<polygon";
const IMAGE: &str = "<image";
/// Many dots of one colour.
const DOTS: &str = "<path";

/// Three arms of five seeds: all finished, two finished, none finished.
fn three_arms() -> Summary {
    Fixture::new("seeds = 5\n[sweep]\noptimizer = ['sgd', 'momentum', 'adam']")
        .metric("test_accuracy", |arm, seed| match arm {
            "sgd" => Some(0.9 + 0.01 * seed as f64),
            "momentum" => (seed < 2).then_some(0.95),
            _ => None,
        })
        .each(|record| {
            if record.metric(&Metric::TestAccuracy).is_none() {
                record.status = Status::Diverged;
            }
        })
        .summary()
}

#[test]
fn classes_are_no_numbers_to_draw_a_response_over() {
    let sweep = |axis: &str| {
        let toml = format!("seeds = 3\n[data]\ndataset = 'digits'\n[sweep]\n{axis}");
        response::draw(&Fixture::new(&toml).metric("test_accuracy", |_, seed| Some(0.9 + 0.01 * seed as f64)).summary())
    };
    assert!(sweep("classes = [[0, 1], [3, 5], [4, 9]]").is_none());
    assert!(sweep("hidden = [[8], [16], [32, 8]]").is_some());
}

#[test]
fn a_watched_training_has_a_line_per_layer_and_panel_and_others_no_figure() {
    assert!(layers::draw(&three_arms()).is_none());
    // Two of three arms are watched; the last of their two layers has no activation.
    let summary = Fixture::new("seeds = 3\n[sweep]\noptimizer = ['sgd', 'momentum', 'adam']")
        .each(|record| {
            if record.arm != "adam" {
                let gradient_norm = vec![0.5, 0.1, 0.02 + 0.01 * record.seed as f32];
                let (saturated, slope) = (vec![0.5, 0.6, 0.7], vec![0.25, 0.2, 0.1]);
                let first = LayerHistory { gradient_norm: gradient_norm.clone(), saturated, slope };
                record.layers = vec![first, LayerHistory { gradient_norm, ..LayerHistory::default() }];
            }
        })
        .summary();
    let figure = layers::draw(&summary).unwrap();
    assert!(figure.caption.contains("2 of 3 arms"), "{}", figure.caption);
    // Two arms with two layers of gradients and one of each other kind, and two lines of the legend. The empty ones are drawn as nothing.
    Marks::of(&figure).expect(&[(">layer 1<", 1), (">layer 2<", 1), (">sgd<", 1), (">adam<", 0), (LINE, 2 * 4 + 2)]);
}

#[test]
fn the_box_plot_has_a_dot_per_finished_seed_and_a_box_per_arm_with_one() {
    let figure = arm_rows::boxplot(&three_arms()).unwrap();
    assert_eq!(figure.title, "Test accuracy, every seed");
    assert!(figure.caption.contains("Finished seeds: sgd 5, momentum 2, adam 0."), "{}", figure.caption);
    Marks::of(&figure).expect(&[(DOT, 7), (RECT, 2), ("no finished run", 1), ("momentum (3 diverged)", 1)]);
}

#[test]
fn the_interval_plot_has_a_dot_per_arm_with_an_interquartile_mean_and_a_line_per_interval() {
    let figure = arm_rows::intervals(&three_arms()).unwrap();
    // An interval is a thick line with two caps, which are one path.
    let expected = [(DOT, 1), ("stroke-width=\"5\"", 1), ("stroke-width=\"2\"", 1)];
    assert!(figure.caption.contains("too many of them diverged"), "{}", figure.caption);
    Marks::of(&figure).expect(&expected);
}

#[test]
fn the_profile_has_a_line_and_a_band_per_arm_and_the_improvement_a_dot_per_comparison() {
    let summary = Fixture::new("seeds = 5\n[sweep]\nlr = [0.1, 0.2, 0.3]")
        .metric("test_accuracy", |arm, seed| Some(if arm == "lr=0.1" { 0.9 } else { 0.85 } + 0.01 * seed as f64))
        .summary();
    let figure = profile::draw(&summary).unwrap();
    assert!(figure.caption.contains("Clopper and Pearson"), "{}", figure.caption);
    // A line and a line in the legend for each arm.
    Marks::of(&figure).expect(&[(LINE, 6), ("fill-opacity=\"0.15\"", 3)]);
    let figure = improvement::draw(&summary).unwrap();
    Marks::of(&figure).expect(&[(DOT, 2), ("stroke-width=\"5\"", 2), (">lr=0.1 over lr=0.2<", 1)]);
    let alone = Fixture::new("seeds = 5").metric("test_accuracy", |_, _| Some(0.9)).summary();
    assert!(profile::draw(&alone).is_none() && improvement::draw(&alone).is_none());
}

#[test]
fn without_the_metric_there_is_neither() {
    let summary = Fixture::new("seeds = 3").summary();
    assert!(arm_rows::boxplot(&summary).is_none() && arm_rows::intervals(&summary).is_none());
}

#[test]
fn the_heat_map_has_a_cell_per_arm_and_a_frame_around_the_best() {
    let summary = Fixture::new("seeds = 3\n[sweep]\nlr = [0.1, 0.2, 0.3]\nbatch_size = [16, 32]")
        .metric("test_accuracy", |arm, _| Some(if arm == "lr=0.2 batch_size=32" { 0.9 } else { 0.8 }))
        .summary();
    let figure = heatmap::draw(&summary).unwrap();
    assert_eq!(figure.title, "Test accuracy by learning rate and batch size");
    Marks::of(&figure).expect(&[(RECT, 7), ("fill=\"none\"", 1), (">80.00<", 5), (">90.00<", 1)]);
}

#[test]
fn sources_of_variance_have_a_bar_each_and_an_interval_but_for_the_whole() {
    let sweep = "seeds = 8\n[sweep]\nvary = [['init'], ['order'], ['init', 'order']]";
    let value =
        |arm: &str, seed: u64| 0.9 + 0.01 * (seed * seed % 7) as f64 * if arm == "vary=init" { 0.5 } else { 1.0 };
    let summary = Fixture::new(sweep).metric("test_accuracy", move |arm, seed| Some(value(arm, seed))).summary();
    let figure = variance::draw(&summary).unwrap();
    assert_eq!(figure.title, "Where the variance of test accuracy comes from");
    Marks::of(&figure).expect(&[(RECT, 3), ("stroke-width=\"3\"", 2), (">init and order<", 1)]);
    let without_whole = Fixture::new("seeds = 8\n[sweep]\nvary = [['init'], ['order']]")
        .metric("test_accuracy", move |arm, seed| Some(value(arm, seed)))
        .summary();
    assert!(variance::draw(&without_whole).is_none());
}

#[test]
fn the_response_has_a_line_per_other_value_and_dots_for_means_and_seeds() {
    let summary = Fixture::new("seeds = 3\n[sweep]\nlr = [0.1, 0.2, 0.3]\noptimizer = ['sgd', 'adam']")
        .metric("test_accuracy", |_, seed| Some(0.9 + 0.01 * seed as f64))
        .summary();
    assert!(heatmap::draw(&summary).is_none());
    let figure = response::draw(&summary).unwrap();
    assert_eq!(figure.title, "Test accuracy by learning rate");
    // Six arms of three seeds, an interval each; two lines and their legend.
    Marks::of(&figure).expect(&[(DOT, 6 + 18), ("stroke-width=\"3\"", 6), (LINE, 2 + 2)]);
}

#[test]
fn the_learning_curves_have_a_line_and_a_band_per_arm_and_panel() {
    let curves = |record: &mut TrialRecord| {
        record.history.train_loss = vec![2.0, 1.0];
        record.history.validation_loss = vec![2.5, 1.5];
        record.history.train_accuracy = vec![0.5, 0.6];
        record.history.validation_accuracy = vec![0.4, 0.5];
    };
    let toml = "seeds = 3\n[sweep]\noptimizer = ['sgd', 'adam']";
    let figure = curves::draw(&Fixture::new(toml).each(curves).summary()).unwrap();
    // Loss and accuracy, training and validation; a legend entry per arm.
    Marks::of(&figure).expect(&[(BAND, 8), (LINE, 8 + 2), (">loss<", 1), (">accuracy<", 1), (">epoch<", 2)]);
    let without_accuracy = |record: &mut TrialRecord| {
        curves(record);
        record.history.validation_accuracy.clear();
    };
    let figure = curves::draw(&Fixture::new(toml).each(without_accuracy).summary()).unwrap();
    Marks::of(&figure).expect(&[(BAND, 4), (LINE, 4 + 2), (">accuracy<", 0)]);
    let one_epoch = |record: &mut TrialRecord| {
        record.history.train_loss = vec![2.0];
        record.history.validation_loss = vec![2.5];
    };
    let figure = curves::draw(&Fixture::new(toml).each(one_epoch).summary()).unwrap();
    Marks::of(&figure).expect(&[(DOT, 4)]);
    assert!(curves::draw(&Fixture::new(toml).summary()).is_none());
}

#[test]
fn of_many_arms_the_best_eight_have_learning_curves() {
    let lrs: Vec<String> = (1..=10).map(|i| format!("{i}e-3")).collect();
    let summary = Fixture::new(&format!("seeds = 1\n[sweep]\nlr = [{}]", lrs.join(", ")))
        .metric("test_accuracy", |arm, _| Some(if arm == "lr=0.001" { 0.1 } else { 0.9 }))
        .each(|record| {
            record.history.train_loss = vec![2.0, 1.0];
            record.history.validation_loss = vec![2.5, 1.5];
        })
        .summary();
    let figure = curves::draw(&summary).unwrap();
    assert!(figure.caption.ends_with("The 8 best of 10 arms."), "{}", figure.caption);
    Marks::of(&figure).expect(&[(BAND, 16), (">lr=0.001<", 0), (">lr=0.002<", 1)]);
}

#[test]
fn the_confusion_matrix_has_a_cell_per_pair_of_classes_and_counts_above_zero() {
    let summary = Fixture::new("seeds = 1")
        .metric("test_accuracy", |_, _| Some(0.8))
        .each(|record| record.confusion = vec![vec![7, 0, 1], vec![11, 12, 0], vec![0, 0, 13]])
        .summary();
    let figure = confusion::draw(&summary, None).unwrap();
    // (7 + 12 + 13) / 44
    assert!(figure.caption.contains("seed 0, 72.73 % correct"), "{}", figure.caption);
    let marks = Marks::of(&figure);
    marks.expect(&[(RECT, 9), (">7<", 1), (">11<", 1), (">12<", 1), (">13<", 1)]);
    // Class names to the left and below, a count for five pairs, and the names of both axes.
    marks.expect(&[("<text", 3 + 3 + 5 + 2)]);
}

#[test]
fn the_sheet_of_errors_has_every_image_once() {
    // Image i is of one shade, 100 + i, so its pixels on the sheet can be counted.
    let shades: Vec<u8> = (0..10).flat_map(|i| vec![100 + i; PIXELS]).collect();
    let images = |pixels: Vec<u8>| {
        let labels = vec![1; pixels.len() / PIXELS];
        Images::new(pixels, labels)
    };
    let dataset = Dataset::new("digits", images(vec![0; PIXELS]), images(shades));
    let mistake = |index| Mistake { index, truth: 1, predicted: 0, confidence: 0.75 };
    let fixture = || {
        Fixture::new("seeds = 1")
            .metric("test_accuracy", |_, _| Some(0.1))
            .each(|record| record.mistakes = (1..10).map(mistake).collect())
    };
    let summary =
        fixture().each(|record| std::sync::Arc::make_mut(&mut record.made_with).data = dataset.hash.clone()).summary();
    let figure = mistakes::draw(&summary, &dataset).unwrap().unwrap();
    assert!(figure.caption.starts_with("The 9 wrong predictions"));
    // Each image in its shade, in order, with its words as text.
    let svg = String::from_utf8(figure.bytes.clone()).unwrap();
    let shade = |png: &str| {
        let bytes = STANDARD.decode(png.split('"').next().unwrap()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [pixels[0]; PIXELS]);
        pixels[0]
    };
    let shades: Vec<u8> = svg.split("data:image/png;base64,").skip(1).map(shade).collect();
    assert_eq!(shades, (101..110).collect::<Vec<u8>>());
    Marks::of(&figure).expect(&[(IMAGE, 9), (">pred 0<", 9), (">true 1<", 9), (">75 %<", 9)]);
    // The run was trained on other data.
    assert!(mistakes::draw(&fixture().summary(), &dataset).unwrap().is_none());
}

/// Two arms of three seeds with a grid of values that rise along the last coordinate.
fn with_grids(dataset: &str, metric: &str, dimensions: usize) -> Summary {
    let side: usize = 5;
    let values = (0..side.pow(dimensions as u32)).map(|i| (i / side.pow(dimensions as u32 - 1)) as f32 / 4.0);
    let grid = DecisionGrid { ends: vec![[-2.0, 2.0]; dimensions], side, values: values.collect() };
    let toml =
        format!("seeds = 3\nmetric = '{metric}'\n[data]\ndataset = '{dataset}'\n[sweep]\noptimizer = ['sgd', 'adam']");
    let loss = if dimensions == 1 { "\n[train]\nloss = 'mse'" } else { "" };
    Fixture::new(&format!("{toml}{loss}"))
        .metric(metric, |_, seed| Some(0.5 + 0.1 * seed as f64))
        .each(|record| record.decision_grid = Some(grid.clone()))
        .summary()
}

#[test]
fn the_decision_boundary_has_a_panel_for_the_median_and_the_worst_run_of_each_arm() {
    let figure = decision_grid::boundary(&with_grids("quadrants", "test_accuracy", 2), None).unwrap().unwrap();
    let marks = Marks::of(&figure);
    // Each panel has the probability as an image, one straight boundary, and two classes of dots with their outlines.
    marks.expect(&[(IMAGE, 4), (LINE, 4), (DOTS, 16), (RECT, 4)]);
    marks.expect(&[(">sgd, median: 60.00 %<", 1), (">sgd, worst: 50.00 %<", 1), (">adam, worst: 50.00 %<", 1)]);
}

#[test]
fn the_fitted_line_is_drawn_for_the_median_and_the_worst_run_of_each_arm() {
    let summary = with_grids("line", "test_loss", 1);
    assert!(decision_grid::boundary(&summary, None).unwrap().is_none());
    let figure = decision_grid::regression(&summary, None).unwrap();
    // A panel per arm: the points, and a solid and a dashed line. Less loss is better.
    Marks::of(&figure).expect(&[(DOTS, 2), (LINE, 4), ("\"6 4\"", 2), (">sgd: test loss 0.6000 and 0.7000<", 1)]);
}

#[test]
fn denoising_has_a_curve_per_arm_and_one_of_the_noisy_images_where_arms_share_them() {
    let toml = "seeds = 3\n[model]\nlatent = 2\n[train]\nloss = 'mse'\n[sweep]\nlr = [0.1, 0.2]";
    let fixture = || {
        let base = Fixture::new(toml).metric("test_mse", |_, _| Some(0.1));
        ["psnr@0.2", "psnr@0.4", "psnr_noisy@0.2", "psnr_noisy@0.4"]
            .into_iter()
            .fold(base, |fixture, name| fixture.metric(name, move |_, seed| Some(20.0 + seed as f64)))
    };
    let figure = denoising::draw(&fixture().summary()).unwrap();
    // One panel with two curves and a shared one, two levels each; the legend has a line per arm and one for the noisy images.
    Marks::of(&figure).expect(&[(BAND, 3), (LINE, 3 + 3), (DOT, 6), (">PSNR, dB<", 1), (">SSIM<", 0)]);
    let of_arms = fixture().metric("psnr_noisy@0.2", |arm, _| Some(if arm == "lr=0.1" { 20.0 } else { 25.0 }));
    let figure = denoising::draw(&of_arms.summary()).unwrap();
    Marks::of(&figure).expect(&[(BAND, 4), (LINE, 4 + 3), (DOT, 8)]);
}

#[test]
fn the_schedules_have_a_line_per_arm_where_they_differ() {
    let arms = "seeds = 1\n[[arms]]\nname = 'a'\nschedule = 'constant'\n[[arms]]\nname = 'b'\nschedule = 'cosine'";
    let figure = schedule::draw(&Fixture::new(arms).summary()).unwrap();
    Marks::of(&figure).expect(&[(LINE, 2 + 2), (">a<", 1), (">b<", 1)]);
    assert!(schedule::draw(&Fixture::new("seeds = 1").summary()).is_none());
}

#[test]
fn a_descent_has_a_trajectory_and_a_band_per_arm() {
    let summary =
        Fixture::new("seeds = 2\n[descend]\nfunction = 'rosenbrock'\nsteps = 2\n[sweep]\noptimizer = ['sgd', 'adam']")
            .metric("final_value", |_, _| Some(0.5))
            .each(|record| {
                std::sync::Arc::make_mut(&mut record.made_with).dataset = "rosenbrock".into();
                record.path = vec![vec![-1.5, 2.0], vec![0.0, 0.5], vec![0.5, 0.25]];
                record.history.train_loss = vec![6.5, 1.25, 0.25];
            })
            .summary();
    let figures = descent::draw(&summary).unwrap();
    let [figure] = &figures[..] else { panic!("{} figures", figures.len()) };
    assert_eq!((figure.file.as_str(), figure.title.as_str()), ("descent.svg", "Descent trajectories on rosenbrock"));
    // On the surface and over the contour lines: a ring of two dots at the start and a dot at the end of each, and the two strokes of the cross
    // at the minimum.
    Marks::of(figure).expect(&[(IMAGE, 1), (DOT, 12), ("stroke=\"#222222\" stroke-width=\"2\"/>", 4)]);
    // Bands beside the quadrilaterals of the surface.
    Marks::of(figure).expect(&[("fill-opacity=\"0.18\"", 2), (BAND, 36 * 36 + 2)]);
    // Trajectory on both, median and legend entry of each arm; a trajectory on the surface may have hidden pieces.
    for arm in 0..2 {
        let text = String::from_utf8(figure.bytes.clone()).unwrap();
        let start = format!("color=\"{}\">", svg::colour(arm));
        let groups = text.split("<g data-arm=").skip(1).filter(|group| group.lines().next().unwrap().ends_with(&start));
        let own =
            groups.flat_map(|group| group.split("</g>").next().unwrap().lines().filter(|line| line.starts_with(LINE)));
        assert!(own.filter(|line| line.contains("stroke=\"currentColor\"")).count() >= 4);
    }
    assert!(figure.bytes.len() < 300_000 && figure.caption.contains("from one start;"), "{}", figure.caption);
}

#[test]
fn the_start_that_is_shown_is_one_from_which_every_arm_ends_and_the_minimum_lies_in_the_panel() {
    let summary = Fixture::new(
        "seeds = 3\n[descend]\nfunction = 'rosenbrock'\nsteps = 2\njitter = 0.5\n[sweep]\noptimizer = ['sgd', 'adam']",
    )
    .each(|record| {
        std::sync::Arc::make_mut(&mut record.made_with).dataset = "rosenbrock".into();
        let x = -1.5 - 0.1 * record.seed as f32;
        record.path = vec![vec![x, 2.0], vec![-1.4, 1.9], vec![-1.3, 1.8]];
        record.history.train_loss = vec![6.5, 1.25, 0.25];
        if record.arm == "sgd" && record.seed != 1 {
            record.status = Status::Diverged;
            record.path[1] = vec![3e30, -1e30];
        }
    })
    .summary();
    let figures = descent::draw(&summary).unwrap();
    let caption = &figures[0].caption;
    assert!(caption.contains("one start of 3, seed 1;") && caption.contains("the median of 3 starts"), "{caption}");
    let marks = Marks::of(&figures[0]);
    marks.expect(&[(">one start of 3, seed 1<", 1), (">median of 3 starts<", 1)]);
    // The trajectories that leave are cut, so that every point is on the canvas.
    let lines = marks.0.lines().filter(|line| line.starts_with(LINE));
    let points = lines.flat_map(|line| line.split('"').nth(1).unwrap().split([' ', ',']));
    let numbers: Vec<f64> = points.map(|number| number.parse().unwrap()).collect();
    assert!(numbers.len() > 40 && numbers.iter().all(|number| (0.0..=840.0).contains(number)), "{numbers:?}");
    // So is the cross at (1, 1), which lies far from the trajectories.
    marks.expect(&[("stroke=\"#222222\" stroke-width=\"2\"/>", 4)]);
}

#[test]
fn a_function_without_a_descent_has_its_minima_marked_and_one_of_a_single_number_is_a_curve() {
    for (function, images, strokes) in [
        (Function::Saddle, 1, 8),
        (Function::Ravine, 1, 4),
        (Function::Rosenbrock, 1, 4),
        (Function::NeuronQuadratic, 1, 0),
        (Function::Quartic, 0, 2),
    ] {
        let figure = test_function::draw(function).unwrap();
        Marks::of(&figure).expect(&[(IMAGE, images), ("stroke=\"#222222\" stroke-width=\"2\"/>", strokes)]);
        assert!(
            figure.caption.starts_with(&format!("{}: {}", function.name(), function.formula())),
            "{}",
            figure.caption
        );
    }
}

#[test]
fn the_range_test_has_a_line_per_network_that_ends_where_the_loss_blows_up() {
    let curve = |losses: [f64; 4]| {
        let mut curve = LossCurve::default();
        curve.rates = vec![1e-3, 1e-2, 1e-1, 1.0];
        curve.smoothed = losses.to_vec();
        curve
    };
    let figure = lr_finder::draw(&[curve([2.0, 1.0, 0.5, 1.0]), curve([2.0, 1.5, 4.0, 1.0])], Some(0.01)).unwrap();
    let marks = Marks::of(&figure);
    marks.expect(&[(LINE, 2), (">1.0e-2<", 1)]);
    let points = |line: &str| line.split('"').nth(1).unwrap().split(' ').count();
    let lines = marks.0.lines().filter(|line| line.starts_with(LINE));
    assert_eq!(lines.map(points).collect::<Vec<_>>(), [4, 2]);
    assert!(lr_finder::draw(&[curve([f64::NAN; 4])], None).is_none());
}

#[test]
fn the_landscape_has_an_image_the_network_and_a_colour_bar() {
    let bowl = Grid2d::of([(-1.0, 1.0), (-1.0, 1.0)], 21, |points| {
        points.iter().map(|p| 0.1 + p[0] * p[0] + p[1] * p[1]).collect()
    });
    let figure = landscape::draw(&bowl, 100).unwrap();
    // The network is a dot with an outline; the colour bar has 41 steps and the panel a frame.
    let marks = Marks::of(&figure);
    marks.expect(&[(IMAGE, 1), (DOT, 2), (RECT, 41 + 1)]);
    assert!(marks.0.matches(LINE).count() >= 13, "a contour line per level");
}

#[test]
fn the_points_of_a_toy_are_dots_in_the_colour_of_their_class() {
    let draw = |name: &str| toy::draw(&toys::find(name).unwrap().dataset()).unwrap();
    Marks::of(&draw("blobs")).expect(&[(DOTS, 2)]);
    Marks::of(&draw("line")).expect(&[(DOTS, 1)]);
}

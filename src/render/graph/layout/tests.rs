use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::collections::BTreeSet;

/// The frame of each frame, the frame of each box, and the edges.
type Random = (Vec<Option<usize>>, Vec<Option<usize>>, Vec<(usize, usize)>);

/// Frames at random, each in an earlier one or in none; boxes in them; edges in any direction.
fn inputs() -> impl Strategy<Value = Random> {
    let frames = prop::collection::vec(any::<prop::sample::Index>(), 0..5).prop_map(|picks| {
        let parent = |(at, pick): (usize, &prop::sample::Index)| pick.index(at + 1).checked_sub(1);
        picks.iter().enumerate().map(parent).collect::<Vec<_>>()
    });
    (frames, 1usize..25).prop_flat_map(|(frames, boxes)| {
        let inside = prop::collection::vec(0..=frames.len(), boxes)
            .prop_map(|all| all.into_iter().map(|at| at.checked_sub(1)).collect());
        let needs = prop::collection::vec((0..boxes, 0..boxes), 0..40);
        (Just(frames), inside, needs)
    })
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

fn holds(outer: &Rect, inner: &Rect) -> bool {
    let slack = 0.01;
    outer.x <= inner.x + slack
        && outer.y <= inner.y + slack
        && inner.x + inner.width <= outer.x + outer.width + slack
        && inner.y + inner.height <= outer.y + outer.height + slack
}

/// Whether lines lead from one box to another, followed piece by piece.
fn connected(drawn: &Layout, from: &Rect, to: &Rect) -> bool {
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 0.05 && (a.1 - b.1).abs() < 0.05;
    let middle = from.y + from.height / 2.0;
    let mut frontier = vec![(from.x, middle), (from.x + from.width, middle)];
    let mut used = BTreeSet::new();
    while let Some(at) = frontier.pop() {
        for (number, line) in drawn.lines.iter().enumerate() {
            if near(line.from, at) && used.insert(number) {
                if line.arrow && holds(to, &Rect { x: line.to.0, y: line.to.1, width: 0.0, height: 0.0 }) {
                    return true;
                }
                frontier.push(line.to);
            }
        }
        // A gap's piece has no direction: it runs whichever way the line does.
        for (number, line) in drawn.lines.iter().enumerate() {
            if !line.arrow && near(line.to, at) && used.insert(number) {
                frontier.push(line.from);
            }
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn nothing_overlaps_and_every_line_arrives((frames, boxes, needs) in inputs()) {
        let needs: Vec<_> = needs.into_iter().filter(|(a, b)| a != b).collect();
        let frames: Vec<_> = frames.into_iter().map(|parent| (90.0, parent)).collect();
        let boxes: Vec<_> = boxes.into_iter().zip(0..).map(|(f, at)| (60.0 + f64::from(at % 5) * 20.0, f)).collect();
        let drawn = layout(&Input { boxes: &boxes, frames: &frames, needs: &needs });
        let page = Rect { x: 0.0, y: 0.0, width: drawn.width, height: drawn.height };
        prop_assert_eq!(drawn.boxes.len(), boxes.len());
        for (at, rect) in &drawn.boxes {
            prop_assert!(holds(&page, rect));
            prop_assert!(rect.width >= boxes[*at].0, "the text does not fit");
            for other in drawn.boxes.range(at + 1..).map(|(_, rect)| rect) {
                prop_assert!(!overlap(rect, other));
            }
            for (frame, outline) in &drawn.frames {
                let inside = within(&frames, boxes[*at].1, *frame);
                let right = if inside { holds(outline, rect) } else { !overlap(outline, rect) };
                prop_assert!(right, "box {} and frame {}", at, frame);
            }
        }
        for (from, to) in needs {
            prop_assert!(connected(&drawn, &drawn.boxes[&from], &drawn.boxes[&to]), "{} to {}", from, to);
        }
    }
}

fn within(frames: &[(f64, Option<usize>)], mut at: Option<usize>, frame: usize) -> bool {
    while let Some(here) = at {
        if here == frame {
            return true;
        }
        at = frames[here].1;
    }
    false
}

/// Draws boxes of one size without frames.
fn plain(boxes: usize, needs: &[(usize, usize)]) -> Layout {
    layout(&Input { boxes: &vec![(80.0, None); boxes], frames: &[], needs })
}

#[test]
fn what_is_needed_stands_further_left() {
    let drawn = plain(3, &[(2, 1), (1, 0)]);
    let x = |at: usize| drawn.boxes[&at].x;
    assert!(x(0) < x(1) && x(1) < x(2));
}

#[test]
fn a_chain_is_a_straight_line() {
    let drawn = plain(4, &[(3, 2), (2, 1), (1, 0)]);
    assert!(drawn.lines.iter().all(|line| (line.from.1 - line.to.1).abs() < 0.05));
}

#[test]
fn many_boxes_without_lines_fill_a_screen_and_not_a_column() {
    let drawn = plain(200, &[]);
    let ratio = drawn.width / drawn.height;
    assert!((0.3..3.0).contains(&ratio), "{} by {}", drawn.width, drawn.height);
}

#[test]
fn two_pairs_do_not_cross() {
    // Given in the order that makes them cross.
    let drawn = plain(4, &[(2, 1), (3, 0)]);
    let y = |at: usize| drawn.boxes[&at].y;
    assert_eq!(y(2) < y(3), y(1) < y(0));
}

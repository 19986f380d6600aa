//! Which classes a model takes for which.

/// How often images of each class were given each answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    classes: usize,
    /// A row for each class, a column for each answer.
    counts: Vec<u64>,
}

/// How well a model knows one class.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClassScore {
    /// How many images show the class.
    pub support: u64,
    /// The share of the images given this answer that show the class; nothing if the answer was never given.
    pub precision: Option<f64>,
    /// The share of the images of the class that were given this answer; nothing if no image shows the class.
    pub recall: Option<f64>,
    /// The harmonic mean of the two, `2 × right / (support + answers)`; nothing if neither exists.
    pub f1: Option<f64>,
}

/// Images of one class that were taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mistake {
    /// What they show.
    pub class: usize,
    /// What they were taken for.
    pub answer: usize,
    /// How many.
    pub count: u64,
}

impl Confusion {
    /// No image yet.
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            counts: vec![0; classes * classes],
        }
    }

    /// Counts an image of `class` that was given `answer`.
    ///
    /// # Panics
    /// If one of them is no class.
    pub fn count(&mut self, class: usize, answer: usize) {
        assert!(class < self.classes && answer < self.classes, "no class");
        self.counts[class * self.classes + answer] += 1;
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// How often images of `class` were given each answer, `[classes]`.
    ///
    /// # Panics
    /// If it is no class.
    pub fn row(&self, class: usize) -> &[u64] {
        &self.counts[class * self.classes..][..self.classes]
    }

    /// How well the model knows `class`.
    ///
    /// # Panics
    /// If it is no class.
    pub fn score(&self, class: usize) -> ClassScore {
        let right = self.row(class)[class];
        let support: u64 = self.row(class).iter().sum();
        let answers: u64 = (0..self.classes).map(|row| self.row(row)[class]).sum();
        let share = |of: u64, whole: u64| (whole > 0).then(|| of as f64 / whole as f64);
        ClassScore {
            support,
            precision: share(right, answers),
            recall: share(right, support),
            f1: share(2 * right, support + answers),
        }
    }

    /// The mistakes that were made, the most frequent first; of equals, in the order of the classes.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let pairs = (0..self.classes).flat_map(|class| {
            let answers = self.row(class).iter().enumerate();
            answers.map(move |(answer, &count)| Mistake {
                class,
                answer,
                count,
            })
        });
        let mut mistakes: Vec<Mistake> = pairs
            .filter(|pair| pair.class != pair.answer && pair.count > 0)
            .collect();
        mistakes.sort_by_key(|mistake| std::cmp::Reverse(mistake.count));
        mistakes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four classes: the third is never answered, the fourth is never shown.
    fn worked() -> Confusion {
        let mut confusion = Confusion::new(4);
        for (class, answers) in [[3, 1, 0, 0], [2, 4, 0, 0], [0, 2, 0, 1]]
            .iter()
            .enumerate()
        {
            for (answer, &count) in answers.iter().enumerate() {
                (0..count).for_each(|_| confusion.count(class, answer));
            }
        }
        confusion
    }

    #[test]
    fn scores_are_those_worked_out_by_hand() {
        let scores: Vec<ClassScore> = (0..4).map(|class| worked().score(class)).collect();
        let expected = [
            (4, Some(3.0 / 5.0), Some(3.0 / 4.0), Some(6.0 / 9.0)),
            (6, Some(4.0 / 7.0), Some(4.0 / 6.0), Some(8.0 / 13.0)),
            (3, None, Some(0.0), Some(0.0)),
            (0, Some(0.0), None, Some(0.0)),
        ];
        for (score, (support, precision, recall, f1)) in scores.into_iter().zip(expected) {
            let expected = ClassScore {
                support,
                precision,
                recall,
                f1,
            };
            assert_eq!(score, expected);
        }
    }

    #[test]
    fn a_class_that_nobody_saw_has_no_score() {
        let score = Confusion::new(2).score(1);
        assert_eq!(
            (score.precision, score.recall, score.f1),
            (None, None, None)
        );
        assert_eq!(score.support, 0);
    }

    #[test]
    fn mistakes_come_by_frequency_and_right_answers_are_none() {
        let mistakes = worked().mistakes();
        let seen: Vec<_> = mistakes
            .iter()
            .map(|mistake| (mistake.class, mistake.answer, mistake.count))
            .collect();
        assert_eq!(seen, [(1, 0, 2), (2, 1, 2), (0, 1, 1), (2, 3, 1)]);
    }

    #[test]
    fn rows_are_classes_and_columns_are_answers() {
        let confusion = worked();
        assert_eq!(confusion.row(1), [2, 4, 0, 0]);
        assert_eq!(confusion.classes(), 4);
    }
}

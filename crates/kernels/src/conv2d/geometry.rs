//! The sizes of a convolution.

use burn::tensor::ops::ConvOptions;

/// The sizes of a convolution; pairs are height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) images: usize,
    /// Channels of the input and of the output, of all groups.
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) groups: usize,
    pub(crate) input: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) output: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Zeros above and to the left of the input.
    pub(crate) padding: [usize; 2],
}

impl Geometry {
    /// The sizes for an input `[images, channels, height, width]` and a weight `[outputs, channels / groups, height,
    /// width]`.
    ///
    /// # Panics
    /// If they do not fit each other.
    pub(crate) fn new(input: [usize; 4], weight: [usize; 4], options: &ConvOptions<2>) -> Self {
        let groups = options.groups;
        let [images, inputs, height, width] = input;
        let [outputs, inputs_of_group, kernel_height, kernel_width] = weight;
        assert!(
            inputs == inputs_of_group * groups && outputs.is_multiple_of(groups),
            "conv2d: an input of {inputs} channels and a weight {weight:?} in {groups} groups: the input must have \
             {inputs_of_group} channels a group, and each group as many outputs"
        );
        let (input, kernel) = ([height, width], [kernel_height, kernel_width]);
        let output = std::array::from_fn(|axis| {
            let (before, after) = options.padding[axis];
            let padded = input[axis] + before + after;
            let covered = options.dilation[axis] * (kernel[axis] - 1) + 1;
            assert!(
                padded >= covered,
                "conv2d: a kernel that covers {covered} pixels is larger than the padded input's {padded}"
            );
            (padded - covered) / options.stride[axis] + 1
        });
        Self {
            images,
            inputs,
            outputs,
            groups,
            input,
            kernel,
            output,
            stride: options.stride,
            dilation: options.dilation,
            padding: options.padding_begin(),
        }
    }

    /// Input channels of a group.
    pub(crate) fn inputs_of_group(&self) -> usize {
        self.inputs / self.groups
    }

    /// Output channels of a group.
    pub(crate) fn outputs_of_group(&self) -> usize {
        self.outputs / self.groups
    }

    /// Pixels of one channel of the input.
    pub(crate) fn input_pixels(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Pixels of one channel of the output.
    pub(crate) fn output_pixels(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Products that one output value is the sum of.
    pub(crate) fn taps(&self) -> usize {
        self.inputs_of_group() * self.kernel[0] * self.kernel[1]
    }

    /// How many input pixels after those that the kernel's first place sees the place `place` sees, in steps of the
    /// stride: whole ones.
    pub(crate) fn shift(&self, axis: usize, place: usize) -> usize {
        self.dilation[axis] * place / self.stride[axis]
    }

    /// What is left of the distance beyond [`shift`](Self::shift).
    pub(crate) fn remainder(&self, axis: usize, place: usize) -> usize {
        self.dilation[axis] * place % self.stride[axis]
    }

    /// The shift of the kernel's last place.
    pub(crate) fn reach(&self, axis: usize) -> usize {
        self.shift(axis, self.kernel[axis] - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_output_is_as_large_as_the_kernel_can_move() {
        for (size, kernel, stride, padding, dilation, output) in [
            (28, 5, 1, (2, 2), 1, 28),
            (8, 3, 2, (1, 0), 1, 4),
            (5, 5, 3, (2, 4), 1, 3),
            (9, 3, 2, (3, 1), 4, 3),
            (4, 1, 3, (0, 0), 1, 2),
        ] {
            let options =
                ConvOptions::new_with_padding([stride, 1], [padding, (0, 0)], [dilation, 1], 1);
            let geometry = Geometry::new([1, 1, size, 1], [1, 1, kernel, 1], &options);
            assert_eq!(geometry.output, [output, 1]);
        }
    }

    #[test]
    #[should_panic(expected = "covers 5 pixels is larger than the padded input's 4")]
    fn a_kernel_must_fit() {
        let options = ConvOptions::new([1, 1], [0, 0], [2, 1], 1);
        Geometry::new([1, 1, 4, 4], [1, 1, 3, 3], &options);
    }
}

"""ML-GCN: labels that occur together teach each other's classifiers.

Kim, Choi and Park, Recognition of multi label fashion styles based on transfer learning and graph convolution network
(The Journal of Society for e-Business Studies 26(1), 2021), after Chen, Wei, Wang and Guo, Multi-Label Image
Recognition with Graph Convolutional Networks (CVPR 2019), whose sections and equations are cited here.

An image becomes one vector (section 3.2, "image representation learning"). Two graph convolutions turn the word vectors
of the labels into one linear classifier each ("GCN based classifier learning"). A logit is their inner product. Which
labels are neighbours is counted on the training labels (section 3.3): `data.label_correlation`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fashion_cli.layers.constant import Constant
from fashion_cli.layers.heads import unit_vectors
from fashion_cli.models.outputs import ImageOutputs

TRUNK = "torchvision:resnet50"  # section 4.1 of Kim et al.: an image vector of 2,048
HIDDEN_WIDTH = 1024  # section 4.1.2: output dimensionality of the first layer; the second has the trunk's width
NEGATIVE_SLOPE = 0.2  # of LeakyReLU, section 4.1.2


class GraphConvolution(nn.Module):
    """H' = A H W, equation 2; what follows it is the network's business.

    Args:
        width: d of the nodes.
        out_width: d' of what becomes of them.
    """

    def __init__(self, width: int, out_width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width, out_width))
        bound = out_width**-0.5  # as the authors' code starts it
        nn.init.uniform_(self.weight, -bound, bound)

    def forward(self, nodes: Tensor, adjacency: Tensor) -> Tensor:
        """(L, d) nodes and their (L, L) normalised adjacency -> (L, d')."""
        return adjacency @ (nodes @ self.weight)


class LabelClassifiers(nn.Module):
    """Two graph convolutions from label vectors to label classifiers.

    Vectors and adjacency are buffers: they travel with the weights, and a trained model needs neither word vectors nor
    training labels.

    Args:
        labels: L.
        label_width: d of the label vectors.
        width: F of the classifiers.
    """

    vectors: Tensor  # (L, d)
    adjacency: Tensor  # (L, L), normalised

    def __init__(self, labels: int, label_width: int, width: int) -> None:
        super().__init__()
        self.first = GraphConvolution(label_width, HIDDEN_WIDTH)
        self.second = GraphConvolution(HIDDEN_WIDTH, width)
        self.register_buffer("vectors", torch.zeros(labels, label_width))
        self.register_buffer("adjacency", torch.eye(labels))

    def forward(self) -> Tensor:
        """(L, F), one linear classifier per row."""
        hidden = F.leaky_relu(self.first(self.vectors, self.adjacency), NEGATIVE_SLOPE)  # (L, 1024)
        classifiers: Tensor = self.second(hidden, self.adjacency)  # (L, F)
        return classifiers

    @torch.no_grad()
    def as_constant(self) -> Constant:
        """The classifiers as they are now: nothing in them depends on an image, so inference computes them once."""
        return Constant(self())


class MLGCN(nn.Module):
    """An image vector times the classifiers of the labels.

    Args:
        trunk: (B, 3, H, W) normalised images -> (B, F). Where it ends in the mean of its maps and pools them by a layer
            of its own, as ResNets do, that layer becomes the maximum: "global max-pooling", equation 3. Others keep
            their own pooling.
        width: F.
        labels: L of the logits.
        label_width: d of the label vectors.
    """

    def __init__(self, trunk: nn.Module, width: int, labels: int, label_width: int) -> None:
        super().__init__()
        if isinstance(getattr(trunk, "avgpool", None), nn.AdaptiveAvgPool2d):
            trunk.avgpool = nn.AdaptiveMaxPool2d(1)
        self.features = trunk
        self.label_classifiers = LabelClassifiers(labels, label_width, width)

    @torch.no_grad()
    def set_label_graph(self, vectors: Tensor, adjacency: Tensor) -> None:
        """Say what the labels are like and which are neighbours, before training.

        Args:
            vectors: (L, d) word vectors.
            adjacency: (L, L), re-weighted and normalised.
        """
        self.label_classifiers.vectors.copy_(vectors)
        self.label_classifiers.adjacency.copy_(adjacency)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, F) fp32, the image vector x of equation 3."""
        features: Tensor = self.features(images)
        return features.float()

    def forward(self, images: Tensor) -> ImageOutputs:
        """Embed and label a batch.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        features = self.pooled(images)  # (B, F)
        logits = features @ self.label_classifiers().T  # (B, L), equation 4
        return ImageOutputs(vectors=unit_vectors(features), logits=logits.float())

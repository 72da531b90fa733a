"""Lim & Nang's attribute network: VGG-16 with three fully connected layers.

Lim and Nang, fashion image retrieval using clothing attributes: 463 attributes of a garment, each 1 or -1, from VGG-16
whose third fully connected layer has one value per attribute. The top hits of the retrieval network are re-ranked by
the attributes that they share with the query.

Trunk: Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition (ICLR 2015),
configuration D, as in torchvision and by its names, the first two fully connected layers among them.

The paper takes no vectors from this network. They are its last hidden layer at unit length, so that it can be used
alone; at the published width of 4,096 (`vector_width` of the card) that layer starts from ImageNet too.
"""

from torch import Tensor, nn
from torchvision.models import vgg16

from fashion_cli.layers.heads import unit_vectors
from fashion_cli.models.outputs import ImageOutputs

MAP_CHANNELS, MAP_SIDE = 512, 7  # what VGG's fully connected layers see
HIDDEN_WIDTH = 4096  # of the first two fully connected layers, table 1 of Simonyan and Zisserman
DROPOUT = 0.5  # section 3.1 there


class VGG16Attributes(nn.Module):
    """VGG-16 for attributes.

    Args:
        vector_width: Of both hidden layers, and so of the vectors; `HIDDEN_WIDTH` as published.
        tags: T attributes, at least 1.
    """

    def __init__(self, vector_width: int, tags: int) -> None:
        super().__init__()
        self.features = vgg16(weights=None, init_weights=False).features
        self.pool = nn.AdaptiveAvgPool2d(MAP_SIDE)
        self.classifier = nn.Sequential(
            nn.Linear(MAP_CHANNELS * MAP_SIDE**2, vector_width),
            nn.ReLU(inplace=True),
            nn.Dropout(DROPOUT),
            nn.Linear(vector_width, vector_width),
            nn.ReLU(inplace=True),
        )
        self.dropout = nn.Dropout(DROPOUT)
        self.tag_head = nn.Linear(vector_width, tags)

    def pooled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) normalised images -> (B, D) fp32, the last hidden layer; not below 0."""
        maps: Tensor = self.pool(self.features(images))  # (B, 512, 7, 7)
        hidden: Tensor = self.classifier(maps.flatten(1).float())  # (B, 25088) -> (B, D)
        return hidden

    def forward(self, images: Tensor) -> ImageOutputs:
        """Give a batch its attributes.

        Args:
            images: (B, 3, H, W), normalised as the model card says.
        """
        hidden = self.pooled(images)  # (B, D)
        logits = self.tag_head(self.dropout(hidden)).float()  # (B, T)
        return ImageOutputs(vectors=unit_vectors(hidden), logits=logits)

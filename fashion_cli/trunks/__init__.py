"""Networks of other libraries by name, without their classifiers: torchvision, timm, open_clip."""

"""Glossary: the terms of the field that a person meets in the program, each in one sentence with formula and paper.

In the formulas z is a latent vector, G(z) a generated image, x a real one, y a label and E the mean. D is the
discriminator's answer: a probability where a logarithm of it is taken, its raw score (the logit) everywhere else, with
sigma(score) = probability.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.language import _, in_context


@dataclass(frozen=True)
class Term:
    """A term of the glossary.

    `key`: its name in `ganstudio:glossary/KEY`. `sentence`: at most 35 words. `formula`: Unicode that can be read as it
    stands; empty without one. `paper`: authors, year and arXiv number, papers separated by semicolons; empty without
    one. `where`: the place in the window, as in "Settings > Loss". `is_plural`: whether one asks "What are ...?".
    """

    key: str
    title: str
    sentence: str
    formula: str
    paper: str
    where: str
    is_plural: bool = False


_NETWORKS = (
    Term(
        "gan",
        _("GAN"),
        _(
            "A generative adversarial network: a generator learns to make images that a discriminator, trained at the "
            "same time, cannot tell from real ones."
        ),
        "min_G max_D  E[log D(x)] + E[log(1 − D(G(z)))]",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Preset"),
    ),
    Term(
        "generator",
        _("Generator"),
        _(
            "The network that makes the images: it turns a vector of random numbers into an image, and never sees a "
            "real one itself."
        ),
        "image = G(z),  z ~ N(0, I)",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Network"),
    ),
    Term(
        "discriminator",
        _("Discriminator"),
        _(
            "The network that judges whether an image is real or generated; its gradient tells the generator how to "
            "make the image look more real. With the Wasserstein loss it is called a critic."
        ),
        "P(x is real) = σ(D(x)),  σ(s) = 1 / (1 + e^(−s))",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Network"),
    ),
    Term(
        "score",
        _("Discriminator score"),
        _(
            "The discriminator's raw answer for one image, also called a logit: the higher, the more real the image "
            "looks. The sigmoid σ turns it into a probability; near ½ the discriminator guesses."
        ),
        "P(x is real) = σ(D(x)),  σ(s) = 1 / (1 + e^(−s))",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Train > Discriminator scores"),
    ),
    Term(
        "dcgan",
        _("DCGAN"),
        _(
            "The first widely used convolutional GAN: strided convolutions and batch normalization in both networks. "
            "Small, fast, and a good network to learn from."
        ),
        "",
        "Radford et al. 2015, arXiv 1511.06434",
        _("Settings > Network"),
    ),
    Term(
        "resnet",
        _("ResNet (SNGAN)"),
        _(
            "Generator and discriminator made of residual blocks, which add their input to their output so that "
            "gradients pass; SNGAN combines them with spectral normalization."
        ),
        "output = input + f(input)",
        "He et al. 2016, arXiv 1512.03385; Miyato et al. 2018, arXiv 1802.05957",
        _("Settings > Network"),
    ),
    Term(
        "stylegan2",
        _("StyleGAN2"),
        _(
            "A generator that first maps z to a style vector w, which then scales the convolution weights of every "
            "layer: coarse layers set the shape, fine layers the texture."
        ),
        "w = f(z),  image = g(w)",
        "Karras et al. 2020, arXiv 1912.04958",
        _("Settings > Network"),
    ),
    Term(
        "r3gan",
        _("R3GAN"),
        _(
            "A modern baseline without normalization layers: residual blocks, the relativistic loss, and the R1 and R2 "
            "gradient penalties, which make training converge."
        ),
        "relativistic loss + R1 + R2",
        "Huang et al. 2024, arXiv 2501.05441",
        _("Settings > Network"),
    ),
    Term(
        "cgan",
        _("Conditional GAN"),
        _(
            "A GAN whose generator and discriminator both receive a label, so that images of a chosen class can be "
            "generated."
        ),
        "min_G max_D  E[log D(x | y)] + E[log(1 − D(G(z | y) | y))]",
        "Mirza and Osindero 2014, arXiv 1411.1784",
        _("Settings > Class labels"),
    ),
    Term(
        "projection_discriminator",
        _("Projection discriminator"),
        _(
            "A discriminator that receives the label as an inner product: a learned vector of the class times the "
            "features of the image is added to the score."
        ),
        "D(x, y) = v(y) · φ(x) + ψ(φ(x))",
        "Miyato and Koyama 2018, arXiv 1802.05637",
        _("Settings > Class labels"),
    ),
    Term(
        "acgan",
        _("Auxiliary classifier"),
        _(
            "A second head of the discriminator that predicts the label; the generator is rewarded for images whose "
            "label is recognized. Too much weight for G makes each class look alike."
        ),
        "loss = adversarial loss − λ E[log P(y | image)]",
        "Odena et al. 2016, arXiv 1610.09585",
        _("Settings > Class labels"),
    ),
    Term(
        "infogan",
        _("InfoGAN"),
        _(
            "Finds classes and attributes without labels: part of the latent vector is a code c that a head Q has to "
            "read back from the image, so each code must change something visible."
        ),
        "min_{G,Q} max_D  V(D, G) − λ L(G, Q),   L ≤ I(c; G(z, c))",
        "Chen et al. 2016, arXiv 1606.03657",
        _("Settings > Conditions"),
    ),
)
_LOSSES = (
    Term(
        "loss",
        _("Loss"),
        _(
            "The number that a network minimizes. Generator and discriminator work against each other, so neither loss "
            "has to fall: level losses are a good sign, and the samples show the progress."
        ),
        "L_D = −E[log D(x)] − E[log(1 − D(G(z)))],   L_G = −E[log D(G(z))]",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Train > Losses"),
    ),
    Term(
        "minimax",
        _("Minimax loss"),
        _(
            "The original game: the discriminator maximizes the probability of judging correctly, and the generator "
            "minimizes the same value. The generator's gradient vanishes while the discriminator wins."
        ),
        "min_G max_D  E[log D(x)] + E[log(1 − D(G(z)))]",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Loss"),
    ),
    Term(
        "non_saturating",
        _("Non-saturating loss"),
        _(
            "The generator maximizes the log probability that its images are taken for real, which keeps its gradient "
            "large while the discriminator wins. The usual choice."
        ),
        "max_D  E[log D(x)] + E[log(1 − D(G(z)))],   max_G  E[log D(G(z))]",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Loss"),
    ),
    Term(
        "least_squares",
        _("Least-squares loss"),
        _(
            "Pulls scores of real images to 1 and of generated images to 0 by the squared distance, so that images far "
            "from the target still give the generator a gradient."
        ),
        "min_D  ½ E[(D(x) − 1)²] + ½ E[D(G(z))²],   min_G  ½ E[(D(G(z)) − 1)²]",
        "Mao et al. 2017, arXiv 1611.04076",
        _("Settings > Loss"),
    ),
    Term(
        "hinge",
        _("Hinge loss"),
        _(
            "The discriminator learns only from images that it does not yet judge correctly by a margin of 1; the "
            "generator raises the score of its images."
        ),
        "min_D  E[max(0, 1 − D(x))] + E[max(0, 1 + D(G(z)))],   min_G  −E[D(G(z))]",
        "Lim and Ye 2017, arXiv 1705.02894",
        _("Settings > Loss"),
    ),
    Term(
        "relativistic",
        _("Relativistic loss"),
        _(
            "Judges pairs: a real image has to score higher than a generated one. The generator cannot gain by leaving "
            "modes out, because each of its images is compared with real ones."
        ),
        "min_D  −E[log σ(D(x) − D(G(z)))],   min_G  −E[log σ(D(G(z)) − D(x))]",
        "Jolicoeur-Martineau 2018, arXiv 1807.00734",
        _("Settings > Loss"),
    ),
    Term(
        "wasserstein",
        _("Wasserstein distance"),
        _(
            "The least work needed to turn one distribution into the other: how much probability is moved, times how "
            "far. It stays meaningful where the two do not overlap."
        ),
        "W(p, q) = max_{‖f‖_L ≤ 1}  E_{x~p}[f(x)] − E_{x~q}[f(x)]",
        "Arjovsky et al. 2017, arXiv 1701.07875",
        _("Settings > Loss"),
    ),
    Term(
        "wgan",
        _("WGAN"),
        _(
            "A GAN whose critic estimates the Wasserstein distance between real and generated images; valid only while "
            "the slope of the critic is bounded, by weight clipping or a gradient penalty."
        ),
        "min_G max_{‖D‖_L ≤ 1}  E[D(x)] − E[D(G(z))]",
        "Arjovsky et al. 2017, arXiv 1701.07875",
        _("Settings > Preset"),
    ),
)
_REGULARIZATION = (
    Term(
        "weight_clipping",
        _("Weight clipping"),
        _(
            "Limits every weight of the critic to a small range after each step, which bounds its slope. Simple and "
            "crude: a gradient penalty usually works better."
        ),
        "w ← max(−c, min(w, c))",
        "Arjovsky et al. 2017, arXiv 1701.07875",
        _("Settings > Weight clipping"),
    ),
    Term(
        "wgan_gp",
        _("Gradient penalty (WGAN-GP)"),
        _(
            "Keeps the critic's slope near 1 at points between real and generated images, as the Wasserstein distance "
            "requires. Replaces weight clipping; the usual weight is 10."
        ),
        "λ E[(‖∇D(x′)‖ − 1)²],   x′ = ε x + (1 − ε) G(z),   ε ~ U(0, 1)",
        "Gulrajani et al. 2017, arXiv 1704.00028",
        _("Settings > WGAN-GP"),
    ),
    Term(
        "r1",
        _("R1 and R2 penalties"),
        _(
            "Penalize the slope of the discriminator: R1 at real images, R2 at generated ones. A smooth discriminator "
            "gives steadier gradients and helps training converge."
        ),
        "R1 = γ/2 · E[‖∇D(x)‖²],   R2 = γ/2 · E[‖∇D(G(z))‖²]",
        "Mescheder et al. 2018, arXiv 1801.04406",
        _("Settings > R1"),
        is_plural=True,
    ),
    Term(
        "spectral_norm",
        _("Spectral normalization"),
        _(
            "Divides each weight matrix of the discriminator by its largest singular value, which bounds how fast the "
            "score can change with the image. Stabilizes training at almost no cost."
        ),
        "W ← W / σ₁(W)",
        "Miyato et al. 2018, arXiv 1802.05957",
        _("Settings > Spectral norm"),
    ),
    Term(
        "batch_norm",
        _("Batch normalization"),
        _(
            "Shifts and scales each feature to mean 0 and variance 1 over the batch, which speeds up training. Not for "
            "gradient penalties, because images of a batch then depend on each other."
        ),
        "y = γ (x − μ) / √(σ² + ε) + β",
        "Ioffe and Szegedy 2015, arXiv 1502.03167",
        _("Settings > D normalization"),
    ),
    Term(
        "label_smoothing",
        _("Label smoothing"),
        _(
            "Lowers the discriminator's target for real images from 1 to, for example, 0.9, so that it does not become "
            "overconfident."
        ),
        "target of real images = 1 − s",
        "Salimans et al. 2016, arXiv 1606.03498",
        _("Settings > Smoothing, real"),
    ),
    Term(
        "instance_noise",
        _("Instance noise"),
        _(
            "Noise added to every image that the discriminator sees, real or generated: the two distributions overlap, "
            "so the generator keeps a useful gradient."
        ),
        "D(x + ε),  D(G(z) + ε),   ε ~ N(0, σ² I)",
        "Arjovsky and Bottou 2017, arXiv 1701.04862",
        _("Settings > Instance noise"),
    ),
    Term(
        "augmentation",
        _("Augmentation"),
        _(
            "Random changes of color, position and visible area of the images before the discriminator sees them. A "
            "few hundred images then last longer before they are memorized."
        ),
        "D(T(x)),  D(T(G(z))),   T random",
        "Zhao et al. 2020, arXiv 2006.10738",
        _("Settings > Augmentation"),
    ),
    Term(
        "diffaugment",
        _("DiffAugment"),
        _(
            "Applies the same kinds of differentiable augmentation to every real and every generated image, in the "
            "discriminator's and the generator's step. A good choice below about 1,000 images."
        ),
        "D(T(x)),  D(T(G(z))),   T random and differentiable",
        "Zhao et al. 2020, arXiv 2006.10738",
        _("Settings > Augmentation"),
    ),
    Term(
        "ada",
        _("ADA"),
        _(
            "Adaptive augmentation: raises the probability p of each change while the discriminator is too sure of "
            "real images, and lowers it again when it is not."
        ),
        "p rises while E[sign D(x)] > 0.6",
        "Karras et al. 2020, arXiv 2006.06676",
        _("Settings > Augmentation"),
    ),
)
_TRAINING = (
    Term(
        "step",
        _("Step"),
        _(
            "One update of the generator, together with the discriminator updates that belong to it. Training is a "
            "long sequence of steps."
        ),
        "θ ← θ − α ∇L(θ)",
        "",
        _("Settings > Steps"),
    ),
    Term(
        "batch",
        _("Batch"),
        _(
            "The images of one update. Larger batches give steadier gradients, and need more memory and time for each "
            "step."
        ),
        "∇L ≈ 1/n Σ ∇L(xᵢ),   n = batch size",
        "",
        _("Settings > Batch"),
    ),
    Term(
        "learning_rate",
        _("Learning rate"),
        _(
            "The size of each change of the weights. Too high, and the losses run away or oscillate; too low, and "
            "nothing is learned. 0.0001 to 0.0004 is usual."
        ),
        "θ ← θ − α ∇L(θ),   α = learning rate",
        "",
        _("Settings > Learning rate G"),
    ),
    Term(
        "adam",
        _("Adam"),
        _(
            "An optimizer that divides a running mean of the gradient by the root of a running mean of its square, so "
            "that every weight gets steps of a suitable size."
        ),
        "θ ← θ − α m / (√v + ε),   m = mean of ∇L,  v = mean of (∇L)²",
        "Kingma and Ba 2015, arXiv 1412.6980",
        _("Settings > Optimizer"),
    ),
    Term(
        "ttur",
        _("Two time-scale update rule"),
        _(
            "Different learning rates for the two networks, usually a higher one for the discriminator, so that it "
            "keeps up without taking several steps for each step of the generator."
        ),
        "α_D ≠ α_G",
        "Heusel et al. 2017, arXiv 1706.08500",
        _("Settings > Learning rate D"),
    ),
    Term(
        "ema",
        _("EMA of the weights"),
        _(
            "An exponential moving average of the generator's weights over recent steps. Samples come from this "
            "averaged generator: they are better and change less from step to step."
        ),
        "θ_EMA ← β θ_EMA + (1 − β) θ_G",
        "Karras et al. 2018, arXiv 1710.10196",
        _("Settings > EMA half-life"),
    ),
    Term(
        "checkpoint",
        _("Checkpoint"),
        _(
            "A file with the whole state of a training at one step: weights, optimizer and random numbers. Training "
            "continues from it, and Explore opens it."
        ),
        "",
        "",
        _("File > Save checkpoint"),
    ),
    Term(
        "holdout",
        _("Held-out images"),
        _(
            "Real images that training never sees. A discriminator that scores them lower than training images has "
            "memorized the training images."
        ),
        "",
        "",
        _("Settings > Held out"),
        is_plural=True,
    ),
)
_LATENT_SPACE = (
    Term(
        "latent_space",
        _("Latent space"),
        _(
            "The space of all input vectors z of the generator: each point is an image, and nearby points are similar "
            "images. A seed picks one point at random."
        ),
        "z ~ N(0, I)",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Settings > Latent size"),
    ),
    Term(
        "interpolation",
        _("Interpolation (slerp)"),
        _(
            "A path between two points of latent space whose images change smoothly. Spherical interpolation keeps the "
            "usual length of z, which a straight line would not."
        ),
        "slerp(a, b; t) = [sin((1 − t)Ω) a + sin(tΩ) b] / sin Ω,   Ω = angle between a and b",
        "White 2016, arXiv 1609.04468",
        _("Explore > Timeline"),
    ),
    Term(
        "truncation",
        _("Truncation"),
        _(
            "Moves latent vectors toward their mean: ψ below 1 gives more typical and cleaner images with less "
            "variety, ψ = 1 those of the training."
        ),
        "w′ = m + ψ (w − m),  m = mean of w;   without styles z′ = ψ z",
        "Brock et al. 2019, arXiv 1809.11096; Karras et al. 2019, arXiv 1812.04948",
        _("Explore > Diversity ψ"),
    ),
    Term(
        "directions",
        _("Directions"),
        _(
            "Vectors in latent space along which one attribute of the image changes, such as tilt or thickness; found "
            "from the generator's weights or from groups of images."
        ),
        "z′ = z + α d",
        "Shen and Zhou 2021, arXiv 2007.06600; Härkönen et al. 2020, arXiv 2004.02546",
        _("Explore > Directions"),
        is_plural=True,
    ),
    Term(
        "projection",
        _("Projection (inversion)"),
        _(
            "Finds the point of latent space whose image is most similar to a given picture, by gradient descent. The "
            "picture can then be edited like any generated image."
        ),
        "z* = argmin_z  distance(G(z), picture)",
        "Abdal et al. 2019, arXiv 1904.03189",
        _("File > Open file"),
    ),
    Term(
        "style_mixing",
        _("Style mixing"),
        _(
            "Takes the styles of some layers from another image: coarse layers change shape and pose, fine layers "
            "color and texture. Only with style-based generators."
        ),
        "w = (w_A for some layers, w_B for the others)",
        "Karras et al. 2019, arXiv 1812.04948",
        _("Explore > Styles"),
    ),
)
_TRANSLATION = (
    Term(
        "image_translation",
        _("Image-to-image translation"),
        _(
            "Training in which the generator makes its image from another image: it adds color, enlarges, repairs, or "
            "changes the style."
        ),
        "image = G(x)",
        "Isola et al. 2017, arXiv 1611.07004",
        _("Settings > Task"),
    ),
    Term(
        "paired_translation",
        _("Paired and unpaired translation"),
        _(
            "With pairs, the target of each input is known and compared pixel by pixel. Without, the discriminator "
            "alone knows the targets, and a further loss keeps the content."
        ),
        "paired: (x, y);   unpaired: x from A, y from B",
        "Isola et al. 2017, arXiv 1611.07004; Zhu et al. 2017, arXiv 1703.10593",
        _("Settings > Method"),
    ),
    Term(
        "super_resolution",
        _("Super-resolution"),
        _(
            "Enlarging an image with details that interpolation cannot give. The network learns from images that were "
            "made smaller, so it invents plausible details, not the true ones."
        ),
        "x = small(y),   G(x) ≈ y",
        "Ledig et al. 2017, arXiv 1609.04802; Wang et al. 2018, arXiv 1809.00219",
        _("Settings > Enlargement"),
    ),
    Term(
        "patchgan",
        _("PatchGAN"),
        _(
            "A discriminator that judges each patch of an image for itself: it sees texture and edges, while another "
            "loss keeps the whole right. Any image size will do."
        ),
        "D(x, y) = E[D(patch)]",
        "Isola et al. 2017, arXiv 1611.07004",
        _("Settings > Patch size"),
    ),
    Term(
        "pixel_loss",
        _("Pixel loss (L1)"),
        _(
            "Mean absolute difference between translation and target. It keeps shapes and colors right, but answers "
            "with a blur or with gray where several answers are possible."
        ),
        "E|G(x) − y|",
        "Isola et al. 2017, arXiv 1611.07004",
        _("Settings > L1 weight"),
    ),
    Term(
        "cycle_consistency",
        _("Cycle consistency"),
        _(
            "A second generator translates back, and every image must come back as it was. This keeps the content "
            "where no pairs are known."
        ),
        "E|F(G(x)) − x| + E|G(F(y)) − y|",
        "Zhu et al. 2017, arXiv 1703.10593",
        _("Settings > Cycle weight"),
    ),
    Term(
        "identity_loss",
        _("Identity loss"),
        _(
            "An image that is of the target's kind already must stay as it is. It keeps colors; too much of it and the "
            "generator copies its input."
        ),
        "E|G(y) − y|",
        "Zhu et al. 2017, arXiv 1703.10593",
        _("Settings > Identity weight"),
    ),
    Term(
        "patch_contrast",
        _("Contrastive loss of patches"),
        _(
            "The features of a patch of the translation must resemble those of the same patch of the input more than "
            "those of other patches. It keeps the content with one generator."
        ),
        "−log( e^(q·k⁺ / τ) / Σ e^(q·k / τ) )",
        "Park et al. 2020, arXiv 2007.15651",
        _("Settings > Contrastive weight"),
    ),
)
_METRICS = (
    Term(
        "features",
        _("Feature extractor"),
        _(
            "A network that describes an image by a vector of numbers. Metrics compare these features instead of "
            "pixels; values from different extractors cannot be compared."
        ),
        "features = φ(x)",
        "Naeem et al. 2020, arXiv 2002.09797",
        _("Settings > Feature extractor"),
    ),
    Term(
        "fid",
        _("FID"),
        _(
            "Fréchet inception distance: how far apart the features of real and generated images are, in mean and "
            "covariance. 0 for equal sets; lower is better; fewer images raise it."
        ),
        "FID = ‖μ_r − μ_g‖² + Tr(Σ_r + Σ_g − 2 (Σ_r Σ_g)^½)",
        "Heusel et al. 2017, arXiv 1706.08500",
        _("Train > FID"),
    ),
    Term(
        "kid",
        _("KID"),
        _(
            "Kernel inception distance: compares the features of real and generated images with a cubic kernel. Lower "
            "is better; unlike FID it is unbiased for few images."
        ),
        "KID = MMD² with k(a, b) = (a·b / n + 1)³,   n = number of features",
        "Bińkowski et al. 2018, arXiv 1801.01401",
        _("Train > KID"),
    ),
    Term(
        "inception_score",
        _("Inception Score"),
        _(
            "High when a classifier is sure of the class of each image and all classes occur. It never compares with "
            "real images and does not see variety within a class."
        ),
        "IS = exp(E[KL(p(y | x) ‖ p(y))])",
        "Salimans et al. 2016, arXiv 1606.03498",
        _("Train > Inception Score"),
    ),
    Term(
        "precision_recall",
        _("Precision and recall"),
        _(
            "Precision is the share of generated images that look like real ones (quality); recall is the share of "
            "real images that the generator can make (variety)."
        ),
        "precision = share of G(z) near some x,   recall = share of x near some G(z)",
        "Kynkäänniemi et al. 2019, arXiv 1904.06991",
        _("Train > Precision"),
        is_plural=True,
    ),
    Term(
        "density_coverage",
        _("Density and coverage"),
        _(
            "Precision and recall that single odd images cannot distort: density counts the real neighborhoods around "
            "each generated image, coverage the share of real images with a generated one nearby."
        ),
        "coverage = share of x with some G(z) among its k nearest neighbors",
        "Naeem et al. 2020, arXiv 2002.09797",
        _("Train > Coverage"),
        is_plural=True,
    ),
    Term(
        "swd",
        _("Sliced Wasserstein distance"),
        _(
            "Compares small patches of both sets of images at several scales along random directions. It sees texture, "
            "not content, and needs no feature extractor; lower is better."
        ),
        "SWD = mean over directions d of W(d·patches of x, d·patches of G(z))",
        "Karras et al. 2018, arXiv 1710.10196",
        _("Train > SWD"),
    ),
    Term(
        "diversity",
        _("Diversity"),
        _(
            "How much generated images differ from each other, divided by how much real ones do: 1 is as varied as the "
            "dataset, near 0 is mode collapse."
        ),
        "diversity = mean distance(G(z), G(z′)) / mean distance(x, x′)",
        "",
        _("Train > Diversity vs. real"),
    ),
    Term(
        "psnr",
        _("PSNR"),
        _(
            "Peak signal-to-noise ratio: agreement of a translation with its target, in dB. 3 dB more is half the "
            "squared error. Soft images score higher than sharp ones that guess details."
        ),
        "PSNR = 10 log₁₀(255² / MSE)",
        "Blau and Michaeli 2018, arXiv 1711.06077",
        _("Train > PSNR"),
    ),
    Term(
        "ssim",
        _("SSIM"),
        _(
            "Structural similarity: compares brightness, contrast and structure of small windows with those of the "
            "target. 1 is equal, 0 is unrelated; it sees blur better than PSNR does."
        ),
        "SSIM = (2 μ_x μ_y + c₁)(2 σ_xy + c₂) / ((μ_x² + μ_y² + c₁)(σ_x² + σ_y² + c₂))",
        "Nilsson and Akenine-Möller 2020, arXiv 2006.13846",
        _("Train > SSIM"),
    ),
)
_FAILURES = (
    Term(
        "equilibrium",
        _("Equilibrium"),
        _(
            "The goal of the game: generated and real images have the same distribution and the discriminator can only "
            "guess. In practice it stays somewhat ahead."
        ),
        "p_G = p_data,  D(x) = ½ for every x",
        "Goodfellow et al. 2014, arXiv 1406.2661",
        _("Train > Probability of real"),
    ),
    Term(
        "mode_collapse",
        _("Mode collapse"),
        _(
            "The generator makes only a few kinds of images, whatever its input. Diversity and recall fall, while "
            "single images may look good."
        ),
        "G(z₁) ≈ G(z₂) for z₁ ≠ z₂",
        "Goodfellow 2016, arXiv 1701.00160",
        _("Train > Diversity vs. real"),
    ),
    Term(
        "vanishing_gradients",
        _("Vanishing gradients"),
        _(
            "The discriminator is so sure of every image that its answer hardly changes with the image, so the "
            "generator receives almost no gradient and stops learning."
        ),
        "D(G(z)) → 0   ⇒   ∇ log(1 − D(G(z))) → 0",
        "Arjovsky and Bottou 2017, arXiv 1701.04862",
        _("Train > Gradient norms"),
        is_plural=True,
    ),
    Term(
        "oscillation",
        _("Oscillation"),
        _(
            "The two networks chase each other instead of converging: losses swing up and down, and what one network "
            "learns the other undoes."
        ),
        "",
        "Mescheder et al. 2018, arXiv 1801.04406",
        _("Train > Losses"),
    ),
    Term(
        "divergence",
        _("Divergence"),
        _(
            "Scores, losses or weights grow without bound and end as infinity or NaN. Lower learning rates or a "
            "gradient penalty prevent it."
        ),
        "",
        "Mescheder et al. 2018, arXiv 1801.04406",
        _("Train > Losses"),
    ),
    Term(
        "memorization",
        _("Memorization"),
        _(
            "The discriminator overfits: it recognizes the training images themselves instead of what real images have "
            "in common. Usual with few images; augmentation delays it."
        ),
        "E[D(training images)] > E[D(held-out images)]",
        "Karras et al. 2020, arXiv 2006.06676",
        _("Train > Held-out gap"),
    ),
)
_USES = (
    Term(
        "privacy",
        _("Membership inference"),
        _(
            "An attack that tells from a trained model whether a certain image was in its training data, for example "
            "from the discriminator's score. 0.5 is guessing, 1 is certainty."
        ),
        "AUC = P(D(training image) > D(held-out image))",
        "Hayes et al. 2019, arXiv 1705.07663",
        _("File > Report privacy"),
    ),
)

GROUPS: dict[str, tuple[Term, ...]] = {
    _("Networks"): _NETWORKS,
    _("Losses"): _LOSSES,
    _("Regularization"): _REGULARIZATION,
    in_context("group", "Training"): _TRAINING,
    _("Latent space"): _LATENT_SPACE,
    in_context("group", "Translation"): _TRANSLATION,
    _("Metrics"): _METRICS,
    _("Failures"): _FAILURES,
    _("Uses"): _USES,
}
"""The terms by what they are about, in the order in which they are listed."""
TERMS = tuple(term for terms in GROUPS.values() for term in terms)
"""All terms in the same order."""
_BY_KEY = {term.key: term for term in TERMS}


def term(key: str) -> Term:
    """Returns the term of that key. Raises `KeyError` if there is none."""
    return _BY_KEY[key]

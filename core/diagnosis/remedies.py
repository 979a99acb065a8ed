"""Remedies: changes of live settings that findings offer if settings and constraints allow them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from core.config.applies import applies
from core.config.settings import Settings
from core.diagnosis.case import Case, Remedy
from core.errors import UserError
from core.language import _, all_of
from core.registry import components

Candidate = Callable[[Settings], Remedy | None]
"""Returns the edit for these settings; None if it is in force already or at its limit."""

MOST = 2
"""Most remedies of one finding."""
USUAL_UPDATE = 3e-3
"""Relative weight update of D in healthy trainings."""
SLOWEST = 1e-6
"""Lowest learning rate that a remedy sets."""


def offered(case: Case, *candidates: Candidate) -> tuple[Remedy, ...]:
    """Returns the first `MOST` remedies that are valid for these settings; none shortly after an edit."""
    return () if case.was_just_edited else tuple(islice(_allowed(case.settings, candidates), MOST))


def anew(case: Case, *candidates: Candidate) -> tuple[Remedy, ...]:
    """Returns the first valid remedy as a restart; none if the training is older than `case.YOUNG` seconds.

    A discriminator with runaway weights recovers more slowly than a new one learns (docs/measurements/diagnosis.md).
    """
    return restart(case, *candidates) if case.is_young else ()


def restart(case: Case, *candidates: Candidate) -> tuple[Remedy, ...]:
    """Returns the first valid remedy as a restart at any age, for changes that only a new training can have."""
    first = offered(case, *candidates)[:1]
    return tuple(
        Remedy(_("Restart: {change}").format(change=remedy.text), remedy.changes, anew=True) for remedy in first
    )


def _allowed(settings: Settings, candidates: tuple[Candidate, ...]) -> Iterator[Remedy]:
    for candidate in candidates:
        remedy = candidate(settings)
        if remedy and _can_be(settings, remedy.changes):
            yield remedy


def _can_be(settings: Settings, changes: Mapping[str, Any]) -> bool:
    """Returns whether the changes are valid and have an effect."""
    try:
        return all(applies(name, settings) for name in changes) and settings.changed(**changes) != settings
    except UserError:
        return False


def slower_discriminator(settings: Settings) -> Remedy | None:
    """Lowers D's rate: to G's if it is more than twice as high (two time-scale update rule), else to half; not below
    an eighth of G's."""
    if settings.lr_d <= settings.lr_g / 8:
        return None
    rate = settings.lr_g if settings.lr_d > 2 * settings.lr_g else settings.lr_d / 2
    return Remedy(_("Lower learning rate D to {rate}.").format(rate=_rate(rate)), {"lr_d": rate})


def smaller_steps(update: float) -> Candidate:
    """Returns a remedy that scales D's rate so that the relative weight update falls from `update` to `USUAL_UPDATE`.

    A usual rate would be too low for weights that large steps have blown up.
    """

    def candidate(settings: Settings) -> Remedy | None:
        rate = float(f"{settings.lr_d * USUAL_UPDATE / update:.2g}")
        if update <= USUAL_UPDATE or rate < SLOWEST:
            return None
        return Remedy(_("Lower learning rate D to {rate}.").format(rate=_rate(rate)), {"lr_d": rate})

    return candidate


def faster_discriminator(settings: Settings) -> Remedy | None:
    """Raises D's rate: to G's if it is below that, else doubled, up to four times G's (Heusel et al. 2017,
    arXiv:1706.08500, let D learn faster than G)."""
    rate = settings.lr_g if settings.lr_d < settings.lr_g else 2 * settings.lr_d
    if rate > 4 * settings.lr_g or rate > 0.1:
        return None
    return Remedy(_("Raise learning rate D to {rate}.").format(rate=_rate(rate)), {"lr_d": rate})


def slower_generator(settings: Settings) -> Remedy | None:
    """Lowers G's rate: to D's if it is more than four times as high, else to half."""
    rate = settings.lr_d if settings.lr_g > 4 * settings.lr_d else settings.lr_g / 2
    if rate < SLOWEST:
        return None
    return Remedy(_("Lower learning rate G to {rate}.").format(rate=_rate(rate)), {"lr_g": rate})


def lower_generator_lead(settings: Settings) -> Remedy | None:
    """Lowers G's rate, only if it is above D's: G then learns faster than D can follow."""
    return slower_generator(settings) if settings.lr_g > settings.lr_d else None


def faster_generator(settings: Settings) -> Remedy | None:
    """Raises G's rate to the usual 2e-4 if it is far below."""
    if settings.lr_g > 2e-5:
        return None
    return Remedy(_("Raise learning rate G to 0.0002."), {"lr_g": 2e-4})


def slower_both(settings: Settings) -> Remedy | None:
    """Halves both rates, the usual advice for trainings that oscillate or diverge."""
    g, d = settings.lr_g / 2, settings.lr_d / 2
    if min(g, d) < SLOWEST:
        return None
    text = _("Halve both learning rates: G {rate_g}, D {rate_d}.").format(rate_g=_rate(g), rate_d=_rate(d))
    return Remedy(text, {"lr_g": g, "lr_d": d})


def r1(settings: Settings) -> Remedy | None:
    """Turns on R1, or doubles it (Mescheder et al. 2018, arXiv:1801.04406), in the units of `core.losses.penalties`."""
    if settings.r1 >= 10 or settings.gradient_penalty:
        return None
    weight = 0.5 if settings.r1 < 0.5 else 2 * settings.r1
    return Remedy(_("Set the R1 penalty to {weight}.").format(weight=f"{weight:g}"), {"r1": weight})


def gradient_penalty(settings: Settings) -> Remedy | None:
    """Sets WGAN-GP's penalty to the paper's weight, instead of clipping (Gulrajani et al. 2017, arXiv:1704.00028)."""
    if settings.gradient_penalty >= 10:
        return None
    changes = {"gradient_penalty": 10.0, **({"weight_clip": 0.0} if settings.weight_clip else {})}
    return Remedy(_("Set the gradient penalty (WGAN-GP) to 10."), changes)


def weight_clip(settings: Settings) -> Remedy | None:
    """Sets WGAN's weight clipping to the paper's 0.01 (Arjovsky et al. 2017, arXiv:1701.07875)."""
    if settings.weight_clip or settings.gradient_penalty:
        return None
    return Remedy(_("Clip the critic's weights at 0.01."), {"weight_clip": 0.01})


def instance_noise(settings: Settings) -> Remedy | None:
    """Adds noise to D's input, so that real and generated images overlap (Arjovsky and Bottou 2017,
    arXiv:1701.04862); it fades over 200,000 images."""
    if settings.instance_noise:
        return None
    changes = {"instance_noise": 0.1, "instance_noise_kimg": 200.0}
    return Remedy(_("Add instance noise of 0.1 that fades over 200,000 images."), changes)


def label_smoothing(settings: Settings) -> Remedy | None:
    """Turns on one-sided label smoothing with target 0.9 (Salimans et al. 2016, arXiv:1606.03498)."""
    if settings.smooth_real:
        return None
    return Remedy(_("Smooth the labels: target 0.9 for real images."), {"smooth_real": 0.1})


def augment(settings: Settings) -> Remedy | None:
    """Turns on ADA, or DiffAugment if the loss rules out ADA. Offers nothing with augmentation on: ADA adapts."""
    if settings.augment != "none":
        return None
    if _can_be(settings, {"augment": "ada"}):
        return Remedy(_("Turn on ADA augmentation."), {"augment": "ada"})
    return diffaug(settings)


def input_bias(settings: Settings) -> Remedy | None:
    """Turns on the bias without which a normalized discriminator cannot see contrast (`core.models.dcgan`)."""
    if settings.d_bias:
        return None
    return Remedy(_("Turn on the discriminator's input bias."), {"d_bias": True})


def classifier_for_discriminator_alone(settings: Settings) -> Remedy | None:
    """Sets the auxiliary classifier's weight for G to 0: its loss rewards one typical image of a class over many."""
    if settings.condition != "auxiliary" or not settings.class_weight_g:
        return None
    return Remedy(_("Use the auxiliary classifier for the discriminator only."), {"class_weight_g": 0.0})


def diffaug(settings: Settings) -> Remedy | None:
    """Turns on DiffAugment, which augments every image from the start (Zhao et al. 2020, arXiv:2006.10738)."""
    if settings.augment != "none":
        return None
    return Remedy(_("Turn on DiffAugment."), {"augment": "diffaug"})


def fewer_discriminator_steps(settings: Settings) -> Remedy | None:
    """Halves the discriminator updates of a step, down to one."""
    if settings.d_steps == 1:
        return None
    fewer = max(settings.d_steps // 2, 1)
    return Remedy(_("Lower D updates per step to {count}.").format(count=fewer), {"d_steps": fewer})


def more_discriminator_steps(settings: Settings) -> Remedy | None:
    """Adds a discriminator update to each step, up to the five of WGAN and SNGAN."""
    if settings.d_steps >= 5:
        return None
    more = settings.d_steps + 1
    return Remedy(_("Raise D updates per step to {count}.").format(count=more), {"d_steps": more})


def steadier_average(settings: Settings) -> Remedy | None:
    """Raises the EMA half-life: oscillations cancel out in the averaged generator, which makes the samples."""
    if settings.ema_kimg >= 10:
        return None
    return Remedy(_("Average the generator over 10,000 images, for steadier samples."), {"ema_kimg": 10.0})


def less_noise(settings: Settings) -> Remedy | None:
    """Turns off instance noise, which hides details from D."""
    if not settings.instance_noise:
        return None
    return Remedy(_("Turn off instance noise."), {"instance_noise": 0.0})


def no_decay(settings: Settings) -> Remedy | None:
    """Turns off the decay of the learning rates."""
    if not settings.decay_kimg:
        return None
    return Remedy(_("Turn off the decay of the learning rates."), {"decay_kimg": 0.0})


def less_penalty(settings: Settings) -> Remedy | None:
    """Lowers R1 and R2 to a quarter."""
    weights = {name: getattr(settings, name) / 4 for name in ("r1", "r2") if getattr(settings, name) >= 0.1}
    if not weights:
        return None
    pattern = _("{name} to {weight}")
    texts = [pattern.format(name=name.upper(), weight=f"{weight:g}") for name, weight in weights.items()]
    return Remedy(_("Lower the penalty: {changes}.").format(changes=all_of(texts)), weights)


def more_adversarial(settings: Settings) -> Remedy | None:
    """Doubles the weight of D's judgment of translations, up to 10."""
    weight = 2 * settings.adversarial_weight or 1.0
    if weight > 10:
        return None
    return Remedy(
        _("Raise the adversarial weight to {weight}.").format(weight=f"{weight:g}"), {"adversarial_weight": weight}
    )


def less_l1(settings: Settings) -> Remedy | None:
    """Halves the weight of the mean difference from the target, down to 1."""
    if settings.l1_weight < 2:
        return None
    weight = settings.l1_weight / 2
    return Remedy(_("Lower the L1 weight to {weight}.").format(weight=f"{weight:g}"), {"l1_weight": weight})


def less_identity(settings: Settings) -> Remedy | None:
    """Turns off the identity loss, which rewards translations that change nothing."""
    if not settings.identity_weight:
        return None
    return Remedy(_("Turn off the identity loss."), {"identity_weight": 0.0})


def less_cycle(settings: Settings) -> Remedy | None:
    """Halves the weight of the cycle loss, down to 1."""
    if settings.cycle_weight < 2:
        return None
    weight = settings.cycle_weight / 2
    return Remedy(_("Lower the cycle weight to {weight}.").format(weight=f"{weight:g}"), {"cycle_weight": weight})


def other_network(settings: Settings) -> Remedy | None:
    """Changes the network to DCGAN, or from DCGAN to ResNet: generators that are known to follow their latents."""
    if settings.points:
        return None
    network = "resnet" if settings.network == "dcgan" else "dcgan"
    title = components("models")[network].title
    return Remedy(_("Use the network {title}.").format(title=title), {"network": network})


def _rate(rate: float) -> str:
    return f"{rate:.2g}"

#!/usr/bin/env python3
"""Trains the model `shapes` on generated scenes and saves it as a YOLOv5 checkpoint.

Reads folders written by the scene generator: images/, and annotations/instances.json in COCO format. Training ends
after --steps or --minutes, whichever comes first. The learning rate decays to 1/100 of --rate towards that end, so a
checkpoint is best when training is complete. Progress is saved every few minutes, and when training is interrupted:
--output contains the averaged weights, which can be used at any time, and --output with the suffix `.state` contains
the state for --resume.

All randomness comes from --seed. If --steps is reached before --minutes, the same command produces the same weights on
the same machine.
"""

import argparse
import contextlib
import copy
import dataclasses
import math
import os
import pathlib
import sys
import time

# Read when torch is loaded. Otherwise, threads that wait for each other take CPU time from other processes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

import loss
import network
import scenes

# Fraction of training during which the learning rate rises.
WARM_UP = 0.03
AVERAGE_OVER_STEPS = 500
REPORT_SECONDS = 15


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("data", type=pathlib.Path, help="folder of scenes to train on")
    add("--check", type=pathlib.Path, metavar="DATA", help="folder of other scenes, to report the final losses on")
    add("--output", type=pathlib.Path, metavar="FILE", default="shapes.pt", help="checkpoint to write (%(default)s)")
    add("--steps", type=int, metavar="N", default=8000, help="number of training steps (%(default)s)")
    add("--minutes", type=float, metavar="N", default=math.inf, help="maximum minutes of training, without loading")
    add("--resume", action="store_true", help="continue from the saved state of --output, if there is one")
    add("--side", type=int, metavar="N", default=480, help="longest side in training, in pixels (%(default)s)")
    add("--served-side", type=int, metavar="N", default=512, help="longest side when served, in pixels (%(default)s)")
    add("--batch", type=int, metavar="N", default=16, help="pictures per step (%(default)s)")
    add("--rate", type=float, metavar="R", default=4e-3, help="maximum learning rate (%(default)s)")
    add("--decay", type=float, metavar="R", default=0.02, help="weight decay (%(default)s)")
    add("--seed", type=int, metavar="N", default=1, help="random seed (%(default)s)")
    add("--threads", type=int, metavar="N", default=len(os.sched_getaffinity(0)), help="CPU threads (%(default)s)")
    add("--precision", choices=["bf16", "f32"], default=fastest_precision(), help="default on this CPU: %(default)s")
    add("--save-minutes", type=float, metavar="N", default=3, help="minutes between saves (%(default)s)")
    options = parser.parse_args()
    if any(side % scenes.STRIDE or side <= 0 for side in (options.side, options.served_side)):
        parser.error("--side and --served-side must be positive multiples of 32")
    if min(options.steps, options.minutes, options.batch, options.threads) <= 0:
        parser.error("--steps, --minutes, --batch and --threads must be more than 0")
    return options


def fastest_precision():
    """Returns bf16 if the processor supports it, where it is several times as fast, otherwise f32."""
    with contextlib.suppress(OSError):
        flags = pathlib.Path("/proc/cpuinfo").read_text()
        return "bf16" if "avx512_bf16" in flags or "amx_bf16" in flags else "f32"
    return "f32"


@dataclasses.dataclass
class Training:
    """The state of training."""

    model: torch.nn.Module
    average: torch.nn.Module
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    steps: int = 0
    seconds: float = 0

    @classmethod
    def begin(cls, names, anchors, options):
        model = network.build(names, anchors).to(memory_format=torch.channels_last)
        # Scales and biases have no weight decay.
        kinds = [[value for value in model.parameters() if (value.dim() > 1) == decays] for decays in (True, False)]
        groups = [{"params": kinds[0], "weight_decay": options.decay}, {"params": kinds[1], "weight_decay": 0}]
        optimizer = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.99), fused=True)
        average = copy.deepcopy(model).requires_grad_(False)
        return cls(model, average, optimizer, torch.Generator().manual_seed(options.seed))

    def state(self):
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimizer")}
        random = {"generator": self.generator.get_state(), "random": torch.get_rng_state()}
        return {**parts, **random, "steps": self.steps, "seconds": self.seconds}

    def restore(self, state):
        for name in ("model", "average", "optimizer"):
            getattr(self, name).load_state_dict(state[name])
        self.generator.set_state(state["generator"])
        torch.set_rng_state(state["random"])
        self.steps, self.seconds = state["steps"], state["seconds"]

    def progress(self, options):
        """Returns the completed fraction of training, 0...1."""
        return min(1, max(self.steps / options.steps, self.seconds / 60 / options.minutes))

    def step(self, batch, options):
        """Trains on a batch; returns the losses and the mean IoU as numbers."""
        progress = self.progress(options)
        rate = options.rate * min(1, (progress + 1e-3) / WARM_UP) * (0.505 + 0.495 * math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        parts, iou = forward(self.model, batch, options)
        total = sum(loss.GAINS[name] * part for name, part in parts.items())
        self.optimizer.zero_grad()
        total.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        if not torch.isfinite(norm):
            sys.exit("The gradients are no longer finite: lower --rate, and continue with --resume.")
        self.optimizer.step()
        self.steps += 1
        self.follow()
        return {name: float(part.detach()) for name, part in {**parts, "iou": iou}.items()}

    @torch.no_grad()
    def follow(self):
        """Updates the average of the weights: quickly in the beginning, while they are still poor."""
        weight = max(1 / AVERAGE_OVER_STEPS, 1 / (1 + self.steps / 4))
        values = self.model.state_dict()
        for name, value in self.average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(values[name], weight)


def forward(model, batch, options):
    with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
        outputs = model(batch.pixels.contiguous(memory_format=torch.channels_last))
    return loss.losses(model.model[-1], outputs, batch)


@torch.no_grad()
def check(model, pictures, options):
    """Returns the mean losses and IoU on other scenes, as `Training.step` does."""
    model.eval()
    sums, count = {}, 0
    for scene in pictures:
        batch = scenes.plain([scene])
        if not len(batch.classes):
            continue
        parts, iou = forward(model, batch, options)
        for name, value in {**parts, "iou": iou}.items():
            sums[name] = sums.get(name, 0) + float(value)
        count += 1
    return {name: value / max(count, 1) for name, value in sums.items()}


def written(values):
    return "  ".join(f"{name} {value:.3f}" for name, value in values.items())


def load(folder, options):
    def report(done, count):
        if done == count or done % 250 == 0:
            print(f"\rReading {folder}: {done} of {count} pictures", end="" if done < count else "\n", flush=True)

    return scenes.read(folder, options.side, report)


def main():
    options = arguments()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    state_path = options.output.with_name(options.output.name + ".state")
    pictures, names = load(options.data, options)
    others = load(options.check, options)[0] if options.check else []
    anchors = scenes.anchors(pictures, network.STRIDES)
    training = Training.begin(names, anchors, options)
    if options.resume and state_path.exists():
        state = torch.load(state_path, weights_only=True)
        training.restore(state)
        print(f"Continuing after {training.steps} steps and {training.seconds / 60:.1f} minutes")
    weights = sum(value.numel() for value in training.model.parameters())
    print(f"{weights} weights, {options.precision}, anchors {anchors}", flush=True)

    def save():
        network.save(training.average, options.served_side, options.output)
        network.replace(state_path, training.state())

    try:
        train(training, scenes.batches(pictures, options.batch, training.generator), options, save)
    except KeyboardInterrupt:
        print("Interrupted; continue with --resume")
    save()
    if others:
        print(f"Losses on {options.check}:  {written(check(training.average, others, options))}")
    print(f"Saved {options.output} after {training.steps} steps, {training.seconds / 60:.1f} minutes")


def train(training, batches, options, save):
    """Trains to the end, saving and reporting at intervals."""
    saved = reported = last = time.monotonic()
    recent = {}
    training.model.train()
    while training.progress(options) < 1:
        for name, value in training.step(next(batches), options).items():
            recent[name] = value if name not in recent else recent[name] + 0.05 * (value - recent[name])
        now = time.monotonic()
        training.seconds += now - last
        last = now
        if now - reported > REPORT_SECONDS:
            reported = now
            minutes = training.seconds / 60
            left = minutes / training.progress(options) - minutes
            print(f"{minutes:5.1f} min, {left:4.1f} left, step {training.steps}:  {written(recent)}", flush=True)
        if now - saved > 60 * options.save_minutes:
            saved = now
            save()


if __name__ == "__main__":
    main()

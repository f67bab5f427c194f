"""Generators: autoencoders, a GAN, diffusion."""

from __future__ import annotations

import numpy as np

from tests.strangers.stranger import Made, Planted, array
from tests.strangers.writing import across, another, down, fill, put, relu, sheet, sigmoid, spread, spread_each, typed


def autoencoder() -> Made:
    """Nine pixels become three numbers and nine again, by MMULT in columns, with the error of each beside."""
    x, enc, dec, bias = typed(250, 9, 1, low=0), typed(251, 3, 9), typed(252, 9, 3), typed(253, 9, 1)
    page = sheet("AE")
    across(
        page, "A1", "x", None, "encoder", *[None] * 9, "code", None, "decoder", None, None, "bias", None, "x'", "error"
    )
    put(page, "A2", x)
    put(page, "C2", enc)
    put(page, "O2", dec)
    put(page, "R2", bias)
    spread_each(page, "L2:L4", "=MMULT(C2:K2,A$2:A$10)")
    fill(page, "M2:M4", "=MAX(0,L2)")
    spread_each(page, "T2:T10", "=MMULT(O2:Q2,M$2:M$4)+R2")
    fill(page, "U2:U10", "=(T2-A2)^2")
    page["U11"] = "=AVERAGE(U2:U10)"
    values = {"AE!T2": dec @ relu(enc @ x) + bias}
    faults = (Planted("AE!M3", "=MAX(0,L2)", "the other code"), Planted("AE!M4", "=L4", "no MAX"))
    beside = ("AE!U2:U11",)
    return Made(page.parent, "network", values, ("Linear", "ReLU", "Linear"), beside, agrees=True, faults=faults)


def sigmoid_autoencoder() -> Made:
    """A batch of three rows is encoded on one worksheet and decoded on another with the same weights."""
    x, w = typed(254, 3, 6, low=0), typed(255, 6, 2)
    page = sheet("Encode")
    put(page, "A2", x)
    put(page, "H2", w)
    across(page, "A1", "batch", *[None] * 6, "W, used both ways", None, None, "code")
    spread(page, "K2:L4", "=1/(1+EXP(-MMULT(A2:F4,H2:I7)))")
    back = another(page, "Decode")
    spread(back, "A2:F4", "=1/(1+EXP(-MMULT(Encode!K2:L4,TRANSPOSE(Encode!H2:I7))))")
    across(back, "H1", "loss", "=SUMXMY2(Encode!A2:F4,A2:F4)/COUNT(A2:F4)")
    code = sigmoid(x @ w)
    return Made(page.parent, "layers", {"Encode!K2": code, "Decode!A2": sigmoid(code @ w.T)})


def gan_step() -> Made:
    """A generator makes numbers of noise, a discriminator judges them beside real ones, and one step is taken."""
    z, real, g, d = typed(256, 4, 2), typed(257, 4, 1), typed(258, 1, 3), typed(259, 1, 2)
    page = sheet("GAN")
    across(page, "A1", "z1", "z2", "fake", "real", None, "D(fake)", "D(real)", None, "loss D", "loss G", None, "grad")
    put(page, "A2", z)
    put(page, "D2", real)
    across(page, "A10", "generator", *g[0].tolist())
    across(page, "A11", "discriminator", *d[0].tolist())
    across(page, "A12", "rate", 0.1)
    fill(page, "C2:C5", "=TANH($B$10*A2+$C$10*B2+$D$10)")
    fill(page, "F2:F5", "=1/(1+EXP(-($B$11*C2+$C$11)))")
    fill(page, "G2:G5", "=1/(1+EXP(-($B$11*D2+$C$11)))")
    fill(page, "I2:I5", "=-LN(G2)-LN(1-F2)")
    fill(page, "J2:J5", "=-LN(F2)")
    fill(page, "L2:L5", "=F2*C2-(1-G2)*D2")
    across(page, "H7", "mean", "=AVERAGE(I2:I5)", "=AVERAGE(J2:J5)", None, "=AVERAGE(L2:L5)")
    across(page, "A14", "new w", "=B11-B12*L7")
    fake = np.tanh(z @ g[:, :2].T + g[0, 2])
    of_fake, of_real = sigmoid(d[0, 0] * fake + d[0, 1]), sigmoid(d[0, 0] * real + d[0, 1])
    values = {"GAN!F2": array(np.hstack([of_fake, of_real])), "GAN!I2": array(-np.log(of_real * (1 - of_fake)))}
    return Made(page.parent, "layers", values)


def diffusion() -> Made:
    """A table has the schedule of ten betas; noise is added to nine pixels for the step that is chosen."""
    x, noise = typed(260, 3, 3, low=0), typed(261, 3, 3, low=-2, high=2)
    page = sheet("Diffusion")
    across(page, "A1", "t", "beta", "alpha", "alpha bar")
    down(page, "A2", *range(1, 11))
    fill(page, "B2:B11", "=0.0001+(0.02-0.0001)*(A2-1)/9")
    fill(page, "C2:C11", "=1-B2")
    page["D2"] = "=C2"
    fill(page, "D3:D11", "=D2*C3")
    across(page, "F1", "step", 7)
    put(page, "F3", x)
    put(page, "J3", noise)
    mix = "VLOOKUP($G$1,$A$2:$D$11,4,FALSE)"
    fill(page, "F8:H10", f"=SQRT({mix})*F3+SQRT(1-{mix})*J3")
    fill(page, "J8:L10", f"=(F8-SQRT(1-{mix})*J3)/SQRT({mix})")
    bar = np.cumprod(1 - (1e-4 + (0.02 - 1e-4) * np.arange(10) / 9))
    noisy = np.sqrt(bar[6]) * x + np.sqrt(1 - bar[6]) * noise
    return Made(page.parent, "nothing", {"Diffusion!D2": bar[:, None], "Diffusion!F8": noisy, "Diffusion!J8": x})


def variational() -> Made:
    """Two dense heads give mean and log variance, pasted noise gives a sample, and each dimension its divergence."""
    x, w, noise = typed(262, 1, 4), typed(263, 4, 6), typed(264, 1, 3)
    page = sheet("VAE")
    put(page, "A2", x)
    put(page, "A5", w)
    put(page, "I2", noise)
    across(page, "A1", "x", None, None, None, None, None, None, None, "epsilon")
    across(page, "A4", "to the mean", None, None, "to the log variance")
    spread_each(page, "A11:F11", "=SUMPRODUCT(TRANSPOSE($A$2:$D$2),A5:A8)")
    fill(page, "A13:C13", "=A11+EXP(D11/2)*I2")
    fill(page, "A15:C15", "=-0.5*(1+D11-A11^2-EXP(D11))")
    both = x @ w
    mean, variance = both[:, :3], both[:, 3:]
    values = {"VAE!A11": both, "VAE!A13": mean + np.exp(variance / 2) * noise}
    return Made(page.parent, "layers", values)

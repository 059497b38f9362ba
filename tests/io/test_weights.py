from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive.weights import LAYERS, assert_same, named, random_layers

from spinglass_nn.errors import FormatError, ParameterError, ShapeError
from spinglass_nn.io import read_layers

NAMES = [
    ("{i}.weight", "{i}.bias"),
    ("fc{i}.weight", "fc{i}.bias"),
    ("W{i}", "b{i}"),
    ("w_{i}", "b_{i}"),
    ("weight{i}", "bias{i}"),
    ("layer{i}/kernel:0", "layer{i}/bias:0"),
    ("module.net.{i}.weight", "module.net.{i}.bias"),
    ("fc{i}_w", "fc{i}_b"),
    ("model/w{i}", "model/b{i}"),
    ("layers.{i}.linear.weight", "layers.{i}.linear.bias"),
    ("coefs_{i}", "intercepts_{i}"),
    ("dense_{i}/vars/0", "dense_{i}/vars/1"),
]


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("weight", "bias"), NAMES)
def test_usual_names(npz, safe, weight, bias, transposed):
    arrays = named(weight, bias, transposed=transposed)
    assert_same(read_layers(npz(arrays)))
    assert_same(read_layers(safe(arrays)))


@pytest.mark.parametrize(("weight", "bias"), NAMES)
def test_layer_10_comes_after_layer_2(npz, safe, weight, bias):
    layers = random_layers((4,) * 13)  # square: any order would chain
    arrays = named(weight, bias, layers)
    shuffled = {key: arrays[key] for key in sorted(arrays, key=lambda k: k[::-1])}
    assert_same(read_layers(npz(shuffled)), layers)
    assert_same(read_layers(safe(shuffled)), layers)


def test_positional_arrays(tmp_path):
    path = tmp_path / "net.npz"
    np.savez(path, *(a for pair in LAYERS for a in pair))
    assert_same(read_layers(path))
    bare = random_layers(bias=False)
    np.savez(path, *(w for w, _ in bare))
    assert_same(read_layers(path), bare)


def test_words_follow_the_file_or_the_shapes(npz, safe):
    words = ("input", "hidden", "out")
    arrays = {}
    for word, (w, b) in zip(words, LAYERS, strict=True):
        arrays |= {f"{word}.weight": w, f"{word}.bias": b}
    assert_same(read_layers(npz(arrays)))  # "hidden" would come first by the alphabet
    assert_same(read_layers(safe(arrays)))  # no order in the file: the only one that chains
    turned = {key: value.T for key, value in arrays.items()}
    assert_same(read_layers(safe(turned)))
    assert_same(read_layers(safe(arrays), names=words))


def test_words_whose_order_the_shapes_leave_open(safe):
    layers = random_layers((5, 4, 4, 4, 2))
    words = ("start", "second", "first", "out")
    arrays = {}
    for word, (w, b) in zip(words, layers, strict=True):
        arrays |= {f"{word}.weight": w, f"{word}.bias": b}
    path = safe(arrays)
    with pytest.raises(
        ShapeError,
        match=r"layers that chain .* got 'first' \(4, 4\) with bias "
        r"\(4,\), 'out' \(2, 4\).*; names= can give another order",
    ):
        read_layers(path)
    assert_same(read_layers(path, names=words), layers)


def test_words_without_bias_may_chain_both_ways(safe):
    (first, _), (last, _) = random_layers((5, 4, 3), bias=False)
    arrays = {"z_first.weight": first, "a_last.weight": last}
    with pytest.raises(ShapeError, match="names= can give another order"):
        read_layers(safe(arrays))  # 5-4-3, or turned round 3-4-5
    layers = [(first, None), (last, None)]
    assert_same(read_layers(safe(arrays), sizes=(5, 4, 3)), layers)
    assert_same(read_layers(safe(arrays), transpose=False), layers)


def test_layers_without_bias(npz):
    layers = random_layers(bias=False)
    assert_same(read_layers(npz(named("{i}.weight", "", layers))), layers)


def test_bias_as_row(npz):
    arrays = named("W{i}", "b{i}", transposed=True)
    arrays = {k: v[None, :] if k[0] == "b" else v for k, v in arrays.items()}
    assert_same(read_layers(npz(arrays)))


@pytest.mark.parametrize("kernel", ["d{i}/dense{i}/{kind}:0", "d{i}/net/d{i}/{kind}"])
@pytest.mark.parametrize("group", ["", "model_weights/"])
def test_keras_2(hdf5, kernel, group):
    arrays = named(
        kernel.replace("{kind}", "kernel"), kernel.replace("{kind}", "bias"), transposed=True
    )
    if group:
        arrays["../optimizer_weights/m/kernel:0"] = np.ones((5, 4))
    arrays = {k.replace("../", ""): v for k, v in arrays.items()}
    path = hdf5({k: v for k, v in arrays.items() if "optimizer" not in k}, group=group)
    if group:
        import h5py

        with h5py.File(path, "a") as file:
            file["optimizer_weights/dense0/m/kernel:0"] = np.ones((5, 4))
    assert_same(read_layers(path))


def test_keras_states_the_order_of_its_layers(hdf5):
    layers = random_layers((4, 4, 4, 4))
    words = ("start", "middle", "end")
    arrays = {}
    for word, (w, b) in zip(words, layers, strict=True):
        arrays |= {f"{word}/{word}/kernel:0": w.T, f"{word}/{word}/bias:0": b}
    names = ["flatten", "start", "middle", "dropout", "end"]
    assert_same(read_layers(hdf5(arrays, layer_names=names)), layers)
    path = hdf5(arrays, group="model_weights/", layer_names=names)
    assert_same(read_layers(path), layers)


def test_keras_3(hdf5):
    layers = random_layers((4,) * 12)
    arrays = {}
    for i, (w, b) in enumerate(layers):
        layer = "dense" if i == 0 else f"dense_{i}"
        arrays |= {f"layers/{layer}/vars/0": w.T, f"layers/{layer}/vars/1": b}
    arrays |= {
        "optimizer/vars/0": np.array(3),
        "optimizer/vars/1": np.ones((5, 4)),
        "layers/dropout/seed_generator/vars/0": np.zeros(2, dtype=np.uint32),
    }
    assert_same(read_layers(hdf5(arrays, "net.weights.h5")), layers)


def test_habits_decide_square_matrices(npz, hdf5):
    layers = random_layers((3, 3, 3))
    assert_same(read_layers(npz(named("W{i}", "b{i}", layers))), layers)
    path = hdf5(named("d{i}/kernel:0", "d{i}/bias:0", layers, transposed=True))
    assert_same(read_layers(path), layers)
    turned = [(w.T, b) for w, b in layers]
    assert_same(read_layers(npz(named("W{i}", "b{i}", layers)), transpose=True), turned)
    assert_same(read_layers(path, transpose=False), turned)


def test_keras_file_with_outputs_first(hdf5):
    assert_same(read_layers(hdf5(named("d{i}/kernel:0", "d{i}/bias:0"))))


def test_forced_reading_must_chain(npz):
    path = npz(named("W{i}", "b{i}"))
    assert_same(read_layers(path, transpose=False))
    with pytest.raises(ShapeError, match=r"layers that chain as \(inputs, outputs\), got"):
        read_layers(path, transpose=True)


def test_sizes_decide_and_are_checked(npz):
    layers = random_layers((3, 4), bias=False)
    path = npz({"W": layers[0][0]})
    assert_same(read_layers(path), layers)
    assert read_layers(path, sizes=(4, 3))[0][0].shape == (3, 4)
    with pytest.raises(
        ShapeError,
        match=r"must hold layers that have the sizes \(3, 5\), read "
        r"as .* got 'weights' \(4, 3\) with no bias",
    ):
        read_layers(path, sizes=(3, 5))
    with pytest.raises(ParameterError, match="sizes must be at least 1"):
        read_layers(path, sizes=(3, 0))


@given(
    sizes=st.lists(st.integers(1, 6), min_size=2, max_size=5),
    bias=st.booleans(),
    transposed=st.booleans(),
)
def test_any_sizes_with_convention_stated(tmp_path_factory, sizes, bias, transposed):
    layers = random_layers(tuple(sizes), bias)
    path = tmp_path_factory.mktemp("net") / "net.npz"
    np.savez(path, **named("W{i}", "b{i}", layers, transposed=transposed))
    assert_same(read_layers(path, transpose=transposed), layers)
    assert_same(read_layers(path, transpose=transposed, sizes=sizes), layers)


def test_pattern(npz):
    arrays = named("enc_{i}/weight", "enc_{i}/bias") | {"step": np.array(3), "dec/w": np.eye(3)}
    assert_same(read_layers(npz(arrays), names="enc_{i}/{kind}"))
    arrays = named("enc.W{i}.q", "enc.b{i}.q") | {"other": np.eye(2)}
    assert_same(read_layers(npz(arrays), names="enc.{kind}{i}.q"))
    with pytest.raises(ParameterError, match=r"names must contain \{i\} and \{kind\} once"):
        read_layers(npz(arrays), names="enc_{i}")
    with pytest.raises(FormatError, match=r"weights called 'x\{i\}\{kind\}', got 'enc.W0.q'"):
        read_layers(npz(arrays), names="x{i}{kind}")


def test_names_of_layers(npz):
    arrays = named("net.part{i}.weight", "net.part{i}.bias")
    arrays |= {"head.weight": np.eye(7), "head.bias": np.zeros(7), "scale": np.array(2.0)}
    path = npz(arrays)
    assert_same(read_layers(path, names=["part0", "net.part1", "part2"]))
    with pytest.raises(FormatError, match=r"one layer called 'part9', got the layers \['net"):
        read_layers(path, names=["part9"])


def test_extra_arrays_are_listed(npz):
    arrays = named("{i}.weight", "{i}.bias")
    arrays |= {"bn.weight": np.ones(3), "bn.steps": np.array(1), "c.bias": np.ones(2)}
    with pytest.raises(
        FormatError,
        match=r"of dense layers alone, got also 'bn.weight' \(3,\),"
        r" 'bn.steps' \(\), 'c.bias' \(2,\); say which to take with names=",
    ):
        read_layers(npz(arrays))


def test_convolutions_are_not_dense(npz):
    arrays = {"conv.weight": np.ones((4, 3, 5, 5)), "conv.bias": np.ones(4)}
    with pytest.raises(
        FormatError,
        match=r"weights of dense layers, found 'conv.weight' "
        r"\(4, 3, 5, 5\), 'conv.bias'",
    ):
        read_layers(npz(arrays))
    with pytest.raises(FormatError, match="weights of dense layers, found no arrays"):
        read_layers(npz({}))


def test_long_lists_are_cut(npz):
    with pytest.raises(FormatError, match=r"'x7' \(\) and 4 more"):
        read_layers(npz({f"x{i}": np.array(1.0) for i in range(12)}))

"""
An ONNX file that senet wrote, as the files that other engines want: NAME.nchw.tflite and NAME.nhwc.tflite (float32, input NCHW or NHWC),
NAME.int8.tflite (static, weights int8 per channel, activations int8, input and output float32), NAME.int8-mixed.tflite (the same with
HARD_SWISH left in float, where the network has any) and NAME.qdq.onnx (weights int8 per channel, activations uint8).

    python3 -m venv VENV && VENV/bin/pip install litert-torch==0.10.0 torch==2.13.0 ai-edge-quantizer==0.10.0 onnx onnxruntime
    npx tsx bench/peers/browser/convert.ts --python VENV/bin/python      (calls this file, a network a time)

The network is rebuilt in PyTorch from the ONNX nodes, so that it is senet's to the weight whether a library publishes it or not. Each file
is run once (LiteRT with XNNPACK; ONNX Runtime) and compared with the network in PyTorch.
"""
import os
import sys

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper


class FromOnnx(torch.nn.Module):
    """The kinds of nodes that senet writes for image networks, one after the other."""

    def __init__(self, graph):
        super().__init__()
        attributes = [{a.name: onnx.helper.get_attribute_value(a) for a in n.attribute} for n in graph.node]
        self.nodes = [(n.op_type, list(n.input), n.output[0], a) for n, a in zip(graph.node, attributes)]
        self.input, self.output = graph.input[0].name, graph.output[0].name
        self.places = {}
        for i, constant in enumerate(graph.initializer):
            self.register_buffer(f"constant_{i}", torch.from_numpy(numpy_helper.to_array(constant).copy()))
            self.places[constant.name] = f"constant_{i}"

    def forward(self, x):
        values = {self.input: x}
        for kind, names, output, attributes in self.nodes:
            inputs = [getattr(self, self.places[name]) if name in self.places else values[name] for name in names]
            values[output] = self.compute(kind, inputs, attributes)
        return values[self.output]

    def compute(self, kind, inputs, a):
        x, *more = inputs
        if kind == "Conv":
            return F.conv2d(x, more[0], more[1] if len(more) > 1 else None, a["strides"], symmetric(a), a["dilations"], a["group"])
        if kind == "BatchNormalization":
            weight, bias, mean, variance = more
            return F.batch_norm(x, mean, variance, weight, bias, False, 0.0, a["epsilon"])
        if kind == "MaxPool":
            return F.max_pool2d(x, a["kernel_shape"], a["strides"], symmetric(a), ceil_mode=a.get("ceil_mode", 0) == 1)
        if kind == "GlobalAveragePool":
            return x.mean((2, 3), keepdim=True)
        if kind == "HardSigmoid":
            # F.hardsigmoid is the one with these numbers.
            assert abs(a["alpha"] - 1 / 6) < 1e-6 and a["beta"] == 0.5
            return F.hardsigmoid(x)
        if kind == "Gemm":
            assert a["transB"] == 1
            return F.linear(x, more[0], more[1])
        if kind == "Clip":
            assert float(more[0]) == 0 and float(more[1]) == 6
            return F.relu6(x)
        simple = {
            "Relu": F.relu, "Sigmoid": torch.sigmoid, "HardSwish": F.hardswish, "Add": torch.add, "Mul": torch.mul,
            "Identity": lambda v: v, "Flatten": lambda v: torch.flatten(v, 1),
        }
        return simple[kind](*inputs)


def symmetric(attributes):
    top, left, bottom, right = attributes["pads"]
    assert top == bottom and left == right
    return [top, left]


def pictures(shape, count):
    """Noise of mean 0 and deviation 1, as the race has."""
    random = np.random.default_rng(1)
    return [(random.random(shape, np.float32) * 2 - 1) * np.float32(np.sqrt(3)) for _ in range(count)]


def to_tflite(network, x, out):
    import litert_torch

    litert_torch.convert(network, (torch.from_numpy(x),)).export(f"{out}.nchw.tflite")
    turned = litert_torch.to_channel_last_io(network, args=[0]).eval()
    litert_torch.convert(turned, (torch.from_numpy(np.ascontiguousarray(x.transpose(0, 2, 3, 1))),)).export(f"{out}.nhwc.tflite")


def quantise(source, out, calibration, mixed):
    from ai_edge_quantizer import quantizer, qtyping, recipe

    q = quantizer.Quantizer(source)
    q.load_quantization_recipe(recipe.static_wi8_ai8())
    names = ["INPUT", "OUTPUT"] + (["HARD_SWISH"] if mixed else [])
    for name in names:
        q.update_quantization_recipe(regex=".*", operation_name=getattr(qtyping.TFLOperationName, name), algorithm_key="no_quantize")
    measured = q.calibrate(calibration)
    q.quantize(measured).export_model(out, overwrite=True)


def run_tflite(path, x):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def to_qdq(source, out, images):
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(images)

        def get_next(self):
            x = next(self.rest, None)
            return None if x is None else {"input": x}

    folded = f"{out}.folded"
    quant_pre_process(source, folded, skip_symbolic_shape=True)
    quantize_static(folded, out, Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
    os.remove(folded)
    return onnxruntime.InferenceSession(out, providers=["CPUExecutionProvider"]).run(None, {"input": images[0]})[0]


def main():
    source, size, out = sys.argv[1], [int(n) for n in sys.argv[2].split(",")], sys.argv[3]
    torch.set_num_threads(1)
    graph = onnx.load(source).graph
    network = FromOnnx(graph).eval()
    images = pictures(size, 8)
    with torch.no_grad():
        expected = network(torch.from_numpy(images[0])).numpy()

    def compare(what, y):
        noise, signal = np.square(y - expected).sum(), np.square(expected).sum()
        print(f"{os.path.basename(out)}.{what}: {10 * np.log10(signal / max(noise, 1e-30)):.1f} dB", flush=True)

    nhwc = [np.ascontiguousarray(x.transpose(0, 2, 3, 1)) for x in images]
    to_tflite(network, images[0], out)
    compare("nchw.tflite", run_tflite(f"{out}.nchw.tflite", images[0]))
    compare("nhwc.tflite", run_tflite(f"{out}.nhwc.tflite", nhwc[0]))
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(f"{out}.nhwc.tflite").get_signature_list()
    (key, ports), = signature.items()
    calibration = {key: [{ports["inputs"][0]: x} for x in nhwc]}
    mixed = any(kind == "HardSwish" for kind, *_ in network.nodes)
    for end in ["int8"] + (["int8-mixed"] if mixed else []):
        quantise(f"{out}.nhwc.tflite", f"{out}.{end}.tflite", calibration, end == "int8-mixed")
        compare(f"{end}.tflite", run_tflite(f"{out}.{end}.tflite", nhwc[0]))
    compare("qdq.onnx", to_qdq(source, f"{out}.qdq.onnx", images))


main()

import { parted, type Weight, type WeightDType } from '@retone/checkpoint';
import { elementsOf } from '@retone/common';
import type { Dim, Shape } from './dims.ts';
import type { Attribute, Builder, Node, Value, ValueType } from './node.ts';
import { encodeModel } from './onnx-format.ts';
import { standardNodes } from './standard.ts';

/** TensorProto.DataType of the ONNX format. */
const onnxType: Record<ValueType, number> = { float32: 1, float16: 10, bfloat16: 16, int8: 3, uint8: 2, int64: 7 };

const storedType: Record<WeightDType, ValueType> = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** A range of bytes of a file. */
interface FileRange {
  path: string;
  offset: number;
  length: number;
}

/** A tensor of the graph. Its bytes become part of the graph, unless they are in a file on the disk: `external`. */
interface Initializer {
  value: Value;
  byteLength: number;
  read: () => Uint8Array;
  external?: FileRange | undefined;
}

/** A model in ONNX's own format, with the folder that its external data is in. */
export interface OnnxModel {
  bytes: Uint8Array;
  externalDataFolder: string | undefined;
}

export interface OnnxOptions {
  gatherInto?: Gathering | undefined;
  forAccelerators?: boolean;
}

/** A file, on a disk or in memory, that the weights of a graph are written to, one behind the other. */
export interface Gathering {
  readonly path: string;
  /** Called first, with the length of all that follows. */
  begin(byteLength: number): void;
  append(bytes: Uint8Array): void;
}

/** ONNX operator set, and the version of ONNX Runtime's own operators (fused matrix products, attention, rotary). */
const operatorSets = [
  { domain: '', version: 20 },
  { domain: 'com.microsoft', version: 1 },
];

/** The file format version that belongs to operator set 20. */
const irVersion = 9;

/** Tensors smaller than this stay in the graph, wherever the others are gathered. */
const smallestGathered = 1024;

/**
 * An ONNX graph under construction. Operators (`ops.ts`) check shapes and types as they add nodes, so that a mistake is
 * an exception at the line that made it and not a message from the runtime.
 */
export class Graph implements Builder {
  readonly name: string;
  readonly #nodes: Node[] = [];
  readonly #inputs: Value[] = [];
  readonly #outputs: Value[] = [];
  readonly #initializers: Initializer[] = [];
  readonly #weights = new Map<string, Value>();
  readonly #probing: boolean;

  /** @param options.probes Make every {@link probe} an output; for tests that look inside a network. */
  constructor(name: string, options: { probes?: boolean } = {}) {
    this.name = name;
    this.#probing = options.probes ?? false;
  }

  /** The operators in the order in which they were added. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Adds a float32 input. Axes given as names may have any size at run time, the same name the same size. */
  input(name: string, shape: Shape): Value {
    const value: Value = { graph: this, name, type: 'float32', shape };
    this.#inputs.push(value);
    return value;
  }

  /** Makes a value an output under the given name. */
  output(name: string, value: Value): void {
    const named: Value = { ...value, name };
    this.#nodes.push({ op: 'Identity', domain: '', inputs: [value], outputs: [named], attributes: {} });
    this.#outputs.push(named);
  }

  /** Makes an inner value visible as an output when the graph was made with `probes`; nothing otherwise. */
  probe(name: string, value: Value): void {
    if (this.#probing) this.output(name, value);
  }

  /** A float32 tensor that is part of the graph. */
  constant(values: Float32Array | number, shape: readonly number[] = []): Value {
    const array = typeof values === 'number' ? Float32Array.of(values) : values;
    if (array.length !== elementsOf(shape)) {
      throw new TypeError(`${array.length} values do not fill the shape [${shape}]`);
    }
    return this.#inline('float32', shape, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }

  /**
   * A tensor of bytes that is part of the graph: a quantised weight. `make` is called when the graph is written, one tensor
   * after the other, so that the bytes of a large model are never in memory together.
   */
  byteConstant(type: 'int8' | 'uint8', shape: readonly number[], make: () => Int8Array | Uint8Array): Value {
    const value: Value = { graph: this, name: `constant_${this.#initializers.length}`, type, shape };
    const read = () => {
      const { buffer, byteOffset, byteLength } = make();
      return new Uint8Array(buffer, byteOffset, byteLength);
    };
    this.#initializers.push({ value, byteLength: elementsOf(shape), read });
    return value;
  }

  /** A one-dimensional int64 tensor, the form that ONNX wants shapes, axes and indices in. */
  indices(values: readonly number[]): Value {
    return this.#inline('int64', [values.length], new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer));
  }

  /**
   * A network weight as a float32 value. Stored weights stay in their safetensors file and are referred to by offset;
   * half precision is widened when the session loads. The same name gives the same value again.
   */
  weight(name: string, weight: Weight): Value {
    const known = this.#weights.get(name);
    if (known) return known;
    let value: Value;
    if (weight.kind === 'missing') {
      // Building continues, so that everything missing is reported together; such a graph is never run.
      value = { graph: this, name, type: 'float32', shape: weight.shape };
    } else if (weight.kind === 'computed') {
      value = this.constant(weight.values, weight.shape);
    } else {
      const { entry, file } = weight;
      const stored: Value = { graph: this, name, type: storedType[weight.dtype], shape: weight.shape };
      const { byteLength, offset } = entry;
      const external = file.isOnDisk ? { path: file.path, offset, length: byteLength } : undefined;
      this.#initializers.push({ value: stored, byteLength, external, read: () => file.read(entry) });
      value = this.cast(stored, 'float32');
    }
    this.#weights.set(name, value);
    return value;
  }

  /** Adds a node with outputs of the given shapes. Operators with checks are in `ops.ts`; this checks nothing. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    attributes: Record<string, Attribute>,
    shapes: readonly Shape[],
    type: ValueType = 'float32',
  ): Value[] {
    const [domain, name] = op.includes('::') ? (op.split('::') as [string, string]) : ['', op];
    const outputs = shapes.map((shape, i): Value => {
      return { graph: this, name: `${name}_${this.#nodes.length}_${i}`, type, shape };
    });
    this.#nodes.push({ op: name, domain, inputs, outputs, attributes });
    return outputs;
  }

  /**
   * Converts a value to another element type. A weight is converted when the session loads.
   */
  cast(value: Value, type: ValueType): Value {
    if (value.type === type) return value;
    return this.node('Cast', [value], { to: { int: onnxType[type] } }, [value.shape], type)[0]!;
  }

  /**
   * The graph in ONNX's format. Weights in safetensors files on the disk are referred to, not copied; all must be in one folder.
   *
   * @param options.gatherInto what all weights are written to instead, wherever they were
   * @param options.forAccelerators in operators that all execution providers have and compute rightly
   */
  toOnnx({ gatherInto, forAccelerators = false }: OnnxOptions = {}): OnnxModel {
    const initializers = gatherInto === undefined ? this.#initializers : gathered(this.#initializers, gatherInto);
    const nodes = forAccelerators ? this.#nodes.flatMap(standardNodes) : this.#nodes;
    const folders = new Set(initializers.flatMap(({ external }) => (external ? [parted(external.path)[0]] : [])));
    if (folders.size > 1)
      throw new Error(`the weights of graph ${this.name} are in several folders: ${[...folders].join(', ')}`);
    const bytes = encodeModel({
      irVersion,
      producerName: 'retone',
      opsetImport: operatorSets,
      graph: {
        name: this.name,
        node: nodes.map(nodeProto),
        initializer: initializers.map(tensorProto),
        input: this.#inputs.map(valueInfo),
        output: this.#outputs.map(valueInfo),
      },
    });
    return { bytes, externalDataFolder: [...folders][0] };
  }

  #inline(type: ValueType, shape: readonly number[], data: Uint8Array): Value {
    const value: Value = { graph: this, name: `constant_${this.#initializers.length}`, type, shape };
    this.#initializers.push({ value, byteLength: data.length, read: () => data });
    return value;
  }
}

/** Writes the larger tensors to one file, and returns them as ranges of it. */
function gathered(initializers: readonly Initializer[], file: Gathering): Initializer[] {
  const isLarge = ({ external, byteLength }: Initializer) => external !== undefined || byteLength >= smallestGathered;
  file.begin(initializers.filter(isLarge).reduce((sum, each) => sum + each.byteLength, 0));
  let offset = 0;
  return initializers.map((each) => {
    if (!isLarge(each)) return each;
    const external = { path: file.path, offset, length: each.byteLength };
    file.append(each.read());
    offset += external.length;
    return { ...each, external };
  });
}

function nodeProto(node: Node) {
  // ONNX has two ways to leave out a last input; naming it "" makes the runtime crash in LayerNormalization.
  const inputs = node.inputs.slice(0, node.inputs.findLastIndex((value) => value) + 1);
  return {
    opType: node.op,
    domain: node.domain,
    name: node.outputs[0]!.name,
    input: inputs.map((value) => value?.name ?? ''),
    output: node.outputs.map((value) => value.name),
    attribute: Object.entries(node.attributes).map(([name, value]) => ({ name, ...attributeProto(value) })),
  };
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attributeProto(value: Attribute) {
  if (typeof value === 'number') return { type: 1, f: value };
  if (typeof value === 'string') return { type: 3, s: new TextEncoder().encode(value) };
  if ('int' in value) return { type: 2, i: value.int };
  return { type: 7, ints: value };
}

function tensorProto(initializer: Initializer) {
  const { value, external } = initializer;
  const common = { name: value.name, dims: value.shape, dataType: onnxType[value.type] };
  if (!external) return { ...common, rawData: initializer.read() };
  const { path, offset, length } = external;
  return {
    ...common,
    dataLocation: 1,
    externalData: [
      { key: 'location', value: parted(path)[1] },
      { key: 'offset', value: String(offset) },
      { key: 'length', value: String(length) },
    ],
  };
}

function valueInfo(value: Value) {
  const dimension = (dim: Dim) => (typeof dim === 'number' ? { dimValue: dim } : { dimParam: dim });
  return {
    name: value.name,
    type: { tensorType: { elemType: onnxType[value.type], shape: { dim: value.shape.map(dimension) } } },
  };
}

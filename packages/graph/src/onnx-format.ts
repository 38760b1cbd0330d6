import { Writer } from 'protobufjs/minimal.js';

// The part of ONNX's file format (onnx.proto) that graphs are written in: Protocol Buffers, as a table of messages.

/** A field of a message: its number, its type (a scalar's name or a message's), and whether it is a list. */
type Field = readonly [number: number, type: string, list?: 'list'];

const messages: Record<string, Record<string, Field>> = {
  Model: {
    irVersion: [1, 'int64'],
    producerName: [2, 'string'],
    graph: [7, 'Graph'],
    opsetImport: [8, 'OperatorSet', 'list'],
  },
  OperatorSet: { domain: [1, 'string'], version: [2, 'int64'] },
  Graph: {
    node: [1, 'Node', 'list'],
    name: [2, 'string'],
    initializer: [5, 'Tensor', 'list'],
    input: [11, 'ValueInfo', 'list'],
    output: [12, 'ValueInfo', 'list'],
  },
  Node: {
    input: [1, 'string', 'list'],
    output: [2, 'string', 'list'],
    name: [3, 'string'],
    opType: [4, 'string'],
    attribute: [5, 'Attribute', 'list'],
    domain: [7, 'string'],
  },
  Attribute: {
    name: [1, 'string'],
    f: [2, 'float'],
    i: [3, 'int64'],
    s: [4, 'bytes'],
    ints: [8, 'int64', 'list'],
    type: [20, 'int32'],
  },
  Tensor: {
    dims: [1, 'int64', 'list'],
    dataType: [2, 'int32'],
    name: [8, 'string'],
    rawData: [9, 'bytes'],
    externalData: [13, 'Entry', 'list'],
    dataLocation: [14, 'int32'],
  },
  Entry: { key: [1, 'string'], value: [2, 'string'] },
  ValueInfo: { name: [1, 'string'], type: [2, 'Type'] },
  Type: { tensorType: [1, 'TensorType'] },
  TensorType: { elemType: [1, 'int32'], shape: [2, 'Shape'] },
  Shape: { dim: [1, 'Dimension', 'list'] },
  Dimension: { dimValue: [1, 'int64'], dimParam: [2, 'string'] },
};

/** Types of Protocol Buffers whose values are written with their length in front. */
const delimited = 2;
const wireTypes: Record<string, number> = { int64: 0, int32: 0, float: 5, string: delimited, bytes: delimited };

/** A message in the format: values by the names of its fields. */
type Message = { readonly [field: string]: unknown };

/** The bytes of a model file. */
export function encodeModel(model: Message): Uint8Array {
  return write(new Writer(), 'Model', model).finish();
}

function write(writer: Writer, type: string, message: Message): Writer {
  for (const [name, value] of Object.entries(message)) {
    const [number, fieldType, list] = messages[type]![name]!;
    const values = list ? (value as readonly unknown[]) : [value];
    const wireType = wireTypes[fieldType];
    if (list && values.length > 0 && wireType !== undefined && wireType !== delimited) {
      // Lists of numbers are packed into one field.
      writer.uint32((number << 3) | delimited).fork();
      for (const each of values) scalar(writer, fieldType, each);
      writer.ldelim();
      continue;
    }
    for (const each of values) {
      writer.uint32((number << 3) | (wireType ?? delimited));
      if (wireType === undefined) write(writer.fork(), fieldType, each as Message).ldelim();
      else scalar(writer, fieldType, each);
    }
  }
  return writer;
}

function scalar(writer: Writer, type: string, value: unknown): void {
  if (type === 'string') writer.string(value as string);
  else if (type === 'bytes') writer.bytes(value as Uint8Array);
  else if (type === 'float') writer.float(value as number);
  else if (type === 'int32') writer.int32(value as number);
  else writer.int64(value as number);
}

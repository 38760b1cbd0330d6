import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/**
 * Instruction sets by which ONNX Runtime chooses its kernels (MLAS, `platform.cpp`), as Linux names them, on x86 and on Arm.
 * Packed weights have the order that these kernels read. Other flags change with the kernel and its mitigations.
 */
const deciding = [
  'avx',
  'avx2',
  'fma',
  'f16c',
  'avx512f',
  'avx512bw',
  'avx512dq',
  'avx512vl',
  'avx512_vnni',
  'avx_vnni',
  'avx512_bf16',
  'avx_ne_convert',
  'amx_tile',
  'amx_int8',
  'amx_bf16',
  'asimddp',
  'asimdhp',
  'i8mm',
  'bf16',
  'sve',
];

/**
 * The deciding instruction sets of this processor, or its name where there is no /proc/cpuinfo.
 *
 * @param cpuinfo the content of /proc/cpuinfo
 */
export function instructionSets(cpuinfo = readCpuinfo()): string {
  const flags = cpuinfo === undefined ? undefined : /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo)?.[1];
  if (flags === undefined) return cpus()[0]?.model ?? '';
  const present = new Set(flags.trim().split(/\s+/));
  return deciding.filter((name) => present.has(name)).join(' ');
}

function readCpuinfo(): string | undefined {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8');
  } catch {
    return undefined;
  }
}

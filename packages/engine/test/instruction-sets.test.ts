import { expect, test } from 'vitest';
import { instructionSets } from '../src/cache/instruction-sets.ts';

test('compiled models are named by the instructions that decide about their layout, not by all that a kernel reports', () => {
  const before = 'processor : 0\nflags\t\t: fpu avx avx2 fma avx512f avx512_vnni spec_ctrl\n';
  const after = 'processor : 0\nflags\t\t: fpu avx avx2 fma avx512f avx512_vnni flush_l1d its_no amd_lbr_v2\n';
  const other = 'processor : 0\nflags\t\t: fpu avx avx2 fma spec_ctrl\n';
  expect(instructionSets(before)).toBe('avx avx2 fma avx512f avx512_vnni');
  expect(instructionSets(after)).toBe(instructionSets(before));
  expect(instructionSets(other)).not.toBe(instructionSets(before));
  expect(instructionSets('Features\t: fp asimd asimddp i8mm\n')).toBe('asimddp i8mm');
});

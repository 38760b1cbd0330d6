import { takeFiles, useIntake } from '../bench/intake.ts';
import { problemOf } from '../service/problems.ts';

/** Puts a recording that comes with Retone onto the bench. */
export async function takeExample(name: string, url: string): Promise<void> {
  try {
    const answer = await fetch(url);
    await takeFiles([{ name, blob: await answer.blob() }]);
  } catch (error) {
    useIntake.setState({ problem: problemOf(error) });
  }
}

import { checkpoint } from '../checkpoint.ts';
import { log } from '../log.ts';

/** Logs what a run was given. */
export async function logInput(input: unknown): Promise<void> {
  log.info('Received an input', input);
  await checkpoint();
}

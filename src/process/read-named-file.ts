import { readFile } from 'node:fs/promises';
import { ConfigError } from './config.ts';

/** The text of a file that a variable names. Throws `ConfigError` in the words of that variable. */
export async function readNamedFile(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${variable}: expected a file that can be read, got \`${file}\``, {
      cause,
    });
  }
}

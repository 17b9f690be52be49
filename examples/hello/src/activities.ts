// The work itself: ordinary Node code that may be stopped, retried and gone on with at its checkpoints.
import { checkpoint, lastCheckpoint, log, progress } from 'waymark/activity';

const HELLO = { en: 'Hello', de: 'Hallo', fr: 'Bonjour' };

export async function greetEach(
  names: readonly string[],
  language: keyof typeof HELLO,
): Promise<{ greeted: number }> {
  let greeted = lastCheckpoint<number>() ?? 0;
  for (const name of names.slice(greeted)) {
    log.info(`${HELLO[language]}, ${name}!`);
    greeted++;
    progress({ done: greeted, total: names.length });
    // An abort takes effect here, and the next attempt goes on after it.
    await checkpoint(greeted);
  }
  return { greeted };
}

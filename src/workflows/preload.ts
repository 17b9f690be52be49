import { z } from 'zod';

/*
 * What a worker loads once for all of its runs: zod, which is large and keeps nothing of a run. All else is loaded
 * for each run anew, so that runs share no state. Temporal freezes what is shared, so whatever zod sets up at first
 * use is set up here.
 */
// A run parses once: compiling a parser for that would cost more than it saves.
z.config({ jitless: true });
z.object({ text: z.string() }).safeParse({ text: '' });
/** An import that nobody uses would be left out of the bundle: zod says of itself that importing it does nothing. */
export const preloaded = [z.object];

import { z } from 'zod';

/*
 * What a worker loads once for all of its runs: zod, which is large and keeps nothing of a run. All else is loaded
 * for each run anew, so that runs share no state.
 *
 * Temporal freezes whatever it can reach of a shared module, which zod does not survive: a regular expression counts
 * in itself, and `z.config` writes. It takes what is frozen already for done, so zod's exports are frozen here, one
 * level deep, and what zod has put on the global object, which it holds by itself, is taken off.
 */

// A run parses once: compiling a parser for that costs more than it saves.
z.config({ jitless: true });

for (const id of Object.keys(__webpack_modules__))
  if (/[\\/]zod[\\/]/.test(id)) Object.freeze(__webpack_require__(id));
for (const name of ['__zod_globalConfig', '__zod_globalRegistry'])
  Reflect.deleteProperty(globalThis, name);

/** The bundler's own, which holds all modules by their paths. */
declare const __webpack_modules__: Readonly<Record<string, unknown>>;
declare const __webpack_require__: (id: string) => unknown;

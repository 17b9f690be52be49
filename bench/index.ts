import { benchAbort } from './abort.ts';
import { benchCounts } from './counts.ts';
import { benchCredentials } from './credentials.ts';
import { benchFairness } from './fairness.ts';
import { benchFirstLine } from './first-line.ts';
import { benchRuns } from './runs.ts';
import { benchLists } from './lists.ts';
import { benchLogin } from './login.ts';
import { setUp } from './stage.ts';
import type { Stage } from './stage.ts';
import { benchTrigger } from './trigger.ts';
import { benchSlowReader, benchSubscribers, benchTail } from './viewers.ts';

const SECTIONS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  counts: benchCounts,
  credentials: benchCredentials,
  login: benchLogin,
  fairness: benchFairness,
  trigger: benchTrigger,
  runs: benchRuns,
  abort: benchAbort,
  'first-line': benchFirstLine,
  tail: benchTail,
  subscribers: benchSubscribers,
  'slow-reader': benchSlowReader,
  // Last: a full index makes every start slower.
  lists: benchLists,
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in SECTIONS));
if (unknown !== undefined) {
  console.error(
    `Expected sections of ${Object.keys(SECTIONS).join(', ')}, or none for all; got "${unknown}".`,
  );
  process.exit(1);
}
const stage = await setUp();
try {
  for (const [name, section] of Object.entries(SECTIONS))
    if (chosen.length === 0 || chosen.includes(name)) await section(stage);
} finally {
  await stage.close();
}

import { callId } from '../contract/wire/resumption.ts';
import type { CheckpointCall } from '../contract/tasks.ts';

/** What the activities of a run would hand to one that goes on from it, by what a test said of its steps. */
export class FakeCalls {
  readonly #calls: CheckpointCall[] = [];

  get all(): readonly CheckpointCall[] {
    return this.#calls;
  }

  /** An activity runs: one that has ended before is called again. */
  begin(name: string): void {
    const of = this.#calls.filter((call) => call.name === name);
    const last = of.at(-1);
    if (last && last.how !== 'RESULT') return;
    const id = callId({ kind: 'ACTIVITY', name, n: of.length + 1 });
    this.#calls.push({ id, name, kind: 'ACTIVITY', how: 'AGAIN', state: null });
  }

  keep(name: string, state: unknown): void {
    this.begin(name);
    this.#change(name, { how: 'CHECKPOINT', state });
  }

  end(name: string): void {
    this.begin(name);
    this.#change(name, { how: 'RESULT', state: null });
  }

  #change(name: string, change: Pick<CheckpointCall, 'how' | 'state'>): void {
    const at = this.#calls.findLastIndex((call) => call.name === name);
    const call = this.#calls[at];
    if (call) this.#calls[at] = { ...call, ...change };
  }
}

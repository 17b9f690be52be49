/** Runs deleted here that Temporal may still show: it takes half a minute over one that closed a moment ago. */
export class DeletedRuns {
  readonly #until = new Map<string, number>();

  /** Takes Temporal's Run ID: another run may take over the id. */
  add(runId: string): void {
    const now = Date.now();
    for (const [one, until] of this.#until) {
      if (until > now && this.#until.size < MOST) break;
      this.#until.delete(one);
    }
    this.#until.set(runId, now + KEPT);
  }

  has(runId: string): boolean {
    return (this.#until.get(runId) ?? 0) > Date.now();
  }
}

const KEPT = 60_000;
const MOST = 10_000;

/** How what is followed reaches the gateway. */
export type Connection =
  /** Nothing is followed. */
  | { readonly state: 'idle' }
  | { readonly state: 'connecting' }
  | { readonly state: 'live' }
  /** It is cut off, and tries again. */
  | { readonly state: 'waiting'; readonly retryAt: Date };

const IDLE: Connection = { state: 'idle' };
const WORST = ['waiting', 'connecting', 'live'] as const;

/** The connection of everything that is followed: as good as the worst of it. */
export class Connections {
  #now: Connection = IDLE;
  readonly #each = new Map<object, Connection>();
  readonly #listeners = new Set<(connection: Connection) => void>();

  get now(): Connection {
    return this.#now;
  }

  /** Calls with each change, until what it answers is called. */
  listen(listener: (connection: Connection) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  set(followed: object, connection: Connection): void {
    this.#each.set(followed, connection);
    this.#tell();
  }

  leave(followed: object): void {
    this.#each.delete(followed);
    this.#tell();
  }

  #tell(): void {
    const all = [...this.#each.values()];
    const worst = WORST.find((state) => all.some((one) => one.state === state));
    const now = all.find(({ state }) => state === worst) ?? IDLE;
    if (now.state === this.#now.state && now.state !== 'waiting') return;
    this.#now = now;
    for (const listener of this.#listeners) listener(now);
  }
}

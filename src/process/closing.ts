import type { Logger } from './logger.ts';

/** What was opened, to be closed in reverse order. */
export class Closing {
  readonly #logger: Logger;
  readonly #steps: { readonly name: string; readonly close: () => Promise<unknown> }[] = [];
  #closed: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: string, close: () => Promise<unknown>): void {
    this.#steps.push({ name, close });
  }

  get begun(): boolean {
    return this.#closed !== undefined;
  }

  /** Resolves when every step was taken. One that fails is logged and holds up no other. */
  close(): Promise<void> {
    this.#closed ??= this.#closeAll();
    return this.#closed;
  }

  async #closeAll(): Promise<void> {
    for (const { name, close } of this.#steps.toReversed())
      try {
        await close();
      } catch (error) {
        this.#logger.error({ err: error }, `Could not close the ${name}`);
      }
  }
}

import type { Right } from '../contract/caller.ts';

/** Why a caller was refused, as the cause of what it was told: for the audit alone. */
export class Denied extends Error {
  override readonly name = 'Denied';
  /** The right that it lacks; `tenant` for what is another one's. */
  readonly lacks: Right | 'tenant';

  constructor(lacks: Right | 'tenant') {
    super(`The caller lacks \`${lacks}\``);
    this.lacks = lacks;
  }
}

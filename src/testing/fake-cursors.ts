import { createHmac, randomBytes } from 'node:crypto';
import { TaskError } from '../contract/task-error.ts';

/** Makes opaque positions that are good only for what they were made for. */
export class FakeCursors<Position> {
  readonly #secret = randomBytes(16);

  write(purpose: string, position: Position): string {
    const text = Buffer.from(JSON.stringify(position)).toString('base64url');
    return `${text}.${this.#sign(purpose, text)}`;
  }

  /** Throws `INVALID_CURSOR` for one that was made for something else, or not here. */
  read(purpose: string, cursor: string): Position {
    const [text = '', signature] = cursor.split('.');
    if (signature !== this.#sign(purpose, text))
      throw new TaskError(
        'INVALID_CURSOR',
        'The cursor is damaged, or belongs to another filter, order or run: start without one.',
      );
    // The signature says that `write` made it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(Buffer.from(text, 'base64url').toString()) as Position;
  }

  #sign(purpose: string, text: string): string {
    return createHmac('sha256', this.#secret).update(`${purpose}\n${text}`).digest('base64url');
  }
}

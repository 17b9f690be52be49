import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { RunPosition } from '../../contract/rules/run-order.ts';
import { TaskError, TaskErrorCode } from '../../contract/task-error.ts';

/** A place in an ordered list. */
export interface Position extends RunPosition {
  /** Milliseconds of start time that probably hold the next page: a hint, it changes no answer. */
  readonly width?: number | undefined;
}

/** What a cursor is good for: a list of this filter, in this order. */
export interface Listing {
  /** Equal for equal filters. */
  readonly signature: string;
  readonly orderBy: string;
}

/**
 * Makes positions opaque, and refuses those it did not make for the same filter and order.
 *
 * Gateways with one namespace and one secret read each other's cursors. Without a secret anybody who knows the
 * namespace could sign one; it would still be checked, never reaches a query but as a time, and shows nothing
 * that a filter does not show.
 */
export class Cursors {
  readonly #key: Buffer;

  constructor({
    namespace,
    secret = '',
  }: {
    readonly namespace: string;
    readonly secret?: string | undefined;
  }) {
    this.#key = createHmac('sha256', secret).update(`cursors of ${namespace}`).digest();
  }

  write(position: Position, listing: Listing): string {
    const { key, created, id, width } = position;
    const json = Buffer.from(JSON.stringify([key, created, id, width ?? null]));
    return Buffer.concat([this.#sign(json, listing), json]).toString('base64url');
  }

  read(cursor: string, listing: Listing): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const json = bytes.subarray(MAC);
    const genuine =
      cursor.length <= MAX_LENGTH &&
      // Buffer skips what is not base64url: two texts must not be one cursor.
      bytes.toString('base64url') === cursor &&
      json.length > 0 &&
      timingSafeEqual(bytes.subarray(0, MAC), this.#sign(json, listing));
    if (!genuine) throw invalid();
    const [key, created, id, width] = positionIn(json.toString());
    return { key, created, id, ...(width !== null && { width }) };
  }

  #sign(json: Buffer, { signature, orderBy }: Listing): Buffer {
    return createHmac('sha256', this.#key)
      .update(`${orderBy}\n${signature.length}\n${signature}\n`)
      .update(json)
      .digest()
      .subarray(0, MAC);
  }
}

/** A right signature proves nothing where the secret is none. */
function positionIn(text: string): z.output<typeof POSITION> {
  try {
    return POSITION.parse(JSON.parse(text));
  } catch {
    throw invalid();
  }
}

/** 128 bits are beyond guessing, and keep cursors short. */
const MAC = 16;
/** A name of 200 and an id of 1,000 characters, four bytes each, escaped. */
const MAX_LENGTH = 16_384;

/** Of the years 1970 to 9999, which RFC 3339 can write. */
const time = z.number().int().min(0).max(253_402_300_799_000);
const POSITION = z.tuple([
  z.union([z.string(), z.number(), z.null()]),
  time,
  z.string(),
  z.number().int().positive().nullable(),
]);

const invalid = (): TaskError =>
  new TaskError(
    TaskErrorCode.InvalidCursor,
    'The cursor is damaged, or belongs to a list with another filter or order: start without one.',
  );

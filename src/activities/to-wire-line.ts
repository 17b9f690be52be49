import { LOG_LIMITS } from '../contract/wire/run-log.ts';
import type { LogLevel, RunEvent, WireLine } from '../contract/wire/run-log.ts';

/** A line that JSON can hold, of bounded size. Never throws: a logger that does would replace the failure it tells of. */
export function toWireLine(
  n: number,
  l: LogLevel,
  message: string,
  data: unknown,
  event?: RunEvent,
): WireLine {
  const d = data === undefined ? undefined : toData(data);
  return {
    n,
    t: Date.now(),
    l,
    m: toMessage(message),
    ...(d !== undefined && { d }),
    ...(event && { e: event }),
  };
}

function toMessage(message: string): string {
  const text = typeof message === 'string' ? message : toText(message);
  // No character has more than three bytes a code unit.
  if (text.length * 3 <= LOG_LIMITS.message || Buffer.byteLength(text) <= LOG_LIMITS.message)
    return text;
  const cut = Buffer.from(text).subarray(0, LOG_LIMITS.message);
  return `${cut.toString().replace(/\uFFFD$/, '')}…`;
}

/** The data as it is now; whoever logged may go on changing it. */
function toData(data: unknown): unknown {
  try {
    const json = JSON.stringify(data, readable) as string | undefined;
    if (json === undefined) return undefined;
    const bytes = Buffer.byteLength(json);
    return bytes <= LOG_LIMITS.data ? JSON.parse(json) : { truncated: bytes };
  } catch (error) {
    return { unserializable: toText(error) };
  }
}

/** What JSON would drop or refuse. */
function readable(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Error)
    return Object.assign({}, value, { name: value.name, message: value.message });
  return value;
}

function toText(value: unknown): string {
  try {
    return String(value).slice(0, 1000);
  } catch {
    return 'a value that has no text';
  }
}

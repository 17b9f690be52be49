import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { UsageError } from './command.ts';

/** An input as it is given: JSON, `@file`, or `-` for what comes by a pipe. */
export async function readInput(given: string): Promise<unknown> {
  const json = await textOf(given);
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new UsageError(
      `The input is no JSON: ${String(error instanceof Error && error.message)}`,
    );
  }
}

async function textOf(given: string): Promise<string> {
  if (given === '-') return text(process.stdin);
  if (!given.startsWith('@')) return given;
  return readFile(given.slice(1), 'utf8').catch((error: unknown) => {
    throw new UsageError(
      `The input cannot be read: ${String(error instanceof Error && error.message)}`,
    );
  });
}

interface Field {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

/** Asks for an input field by field; what is left empty is left out. */
export async function askInput(schema: Readonly<Record<string, unknown>>): Promise<object> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a JSON Schema
  const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Field>>);
  const lines = createInterface({ input: process.stdin });
  // Lines that came by a pipe before they were asked for must wait.
  const answers = lines[Symbol.asyncIterator]();
  const input: Record<string, unknown> = {};
  try {
    for (const [name, field] of fields) {
      process.stderr.write(questionOf(name, field));
      const answer = await answers.next();
      if (answer.done === true) break;
      const given = answer.value.trim();
      if (given !== '') input[name] = toValue(given, field);
    }
    return input;
  } finally {
    lines.close();
  }
}

function questionOf(name: string, field: Field): string {
  const told = [
    field.description,
    field.enum && `one of ${field.enum.map(String).join(', ')}`,
    field.default !== undefined && `${JSON.stringify(field.default)} unless given`,
  ].filter(Boolean);
  return `${name}${told.length > 0 ? ` (${told.join('; ')})` : ''}: `;
}

function toValue(given: string, { type }: Field): unknown {
  if (type === 'string') return given;
  try {
    return JSON.parse(given);
  } catch {
    return given;
  }
}

import type { temporal as proto } from '@temporalio/proto';
import type { Temporal } from '../temporal/temporal.ts';

/** Bytes that Temporal takes for a summary and for details. */
const SUMMARY_LIMIT = 400;
const DETAILS_LIMIT = 20_000;

/** What Temporal Web UI shows of a run. Left out where it would be over Temporal's limits: a run does not fail for its decoration. */
export async function toUserMetadata(
  temporal: Temporal,
  { id, name, details }: { readonly id: string; readonly name: string; readonly details: string },
): Promise<proto.api.sdk.v1.IUserMetadata> {
  const [summary] = await temporal.encode(
    id,
    cut(name, SUMMARY_LIMIT - (temporal.encrypts ? SEALED : 20)),
  );
  const [text] = await temporal.encode(id, details);
  return {
    ...(fits(summary, SUMMARY_LIMIT) && { summary }),
    ...(fits(text, DETAILS_LIMIT) && { details: text }),
  };
}

/** Bytes that encryption adds to a short text. */
const SEALED = 90;

/** A codec may have made it larger. */
const fits = (
  payload: proto.api.common.v1.IPayload | undefined,
  limit: number,
): payload is proto.api.common.v1.IPayload =>
  payload !== undefined && (payload.data?.length ?? 0) <= limit;

function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(JSON.stringify(text)) <= bytes) return text;
  let short = text;
  do short = Array.from(short).slice(0, -1).join('');
  while (Buffer.byteLength(JSON.stringify(short)) > bytes - 3);
  return `${short}…`;
}

export interface Origin {
  readonly title: string;
  readonly definition: string;
  readonly actor: string | null;
  readonly parent: string | undefined;
  readonly rerunOf: string | undefined;
  readonly resumeOf?: string | undefined;
  readonly key: string | undefined;
  readonly tags: readonly string[];
  /** Where people see the run. */
  readonly link: string | undefined;
}

/** Who triggered it, as what, and where to look: Markdown. */
export function toDetails(origin: Origin): string {
  const { title, definition, actor, parent, rerunOf, resumeOf, key, tags, link } = origin;
  return [
    `**${plain(title)}** (\`${definition}\`)`,
    '',
    `- Triggered by: ${actor === null ? 'nobody named' : `**${plain(actor)}**`}`,
    ...(parent === undefined ? [] : [`- Part of: ${plain(parent)}`]),
    ...(rerunOf === undefined ? [] : [`- Repeats: ${plain(rerunOf)}`]),
    ...(resumeOf === undefined ? [] : [`- Goes on after: ${plain(resumeOf)}`]),
    ...(key === undefined ? [] : [`- Key: ${plain(key)}`]),
    ...(tags.length > 0 ? [`- Tags: ${tags.map(plain).join(', ')}`] : []),
    ...(link === undefined ? [] : [`- [Open in Waymark](${link})`]),
  ].join('\n');
}

/** Text of a caller is text: no links, no images, no headings. */
const plain = (text: string): string =>
  text.replaceAll(/[\\`*_{}[\]()#+\-.!|<>~&]/g, String.raw`\$&`);

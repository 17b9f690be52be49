import { request } from 'node:http';
import type { Agent } from 'node:http';

export interface Question {
  readonly query: string;
  readonly variables?: object;
  /** Is in the text of a good answer. */
  readonly expected: string;
}

export const TRIGGER: Question = {
  query:
    'mutation ($input: JSON) { triggerTask(definition: "oneCheckpoint", input: $input) { __typename ... on TaskRunTriggered { run { id } } } }',
  variables: { input: { n: 1 } },
  expected: '"TaskRunTriggered"',
};

export interface AskedOf {
  readonly url: string;
  readonly agent: Agent;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks a gateway; rejects for another answer than what is expected. */
export function ask(
  { expected, ...body }: Question,
  { url, agent, headers }: AskedOf,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${url}/graphql`,
      { method: 'POST', agent, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          text.includes(expected)
            ? resolve()
            : reject(new Error(`Expected ${expected}, got ${text}`)),
        );
      },
    );
    sent.on('error', reject).end(JSON.stringify(body));
  });
}

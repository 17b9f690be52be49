import { LIMITS } from '../../contract/limits.ts';
import type { MintedToken } from '../../login/run-tokens.ts';
import type { Builder } from './kit/builder.ts';
import { orProblem, typeOf } from './kit/problem.ts';
import type { Problems } from './add-problems.ts';

type Minted = MintedToken & { readonly type: 'TokenMinted' };

/** A quarter of an hour: long enough to open a page, short enough to lose. */
const USUAL = 900;

/** The mutations that mint tokens; answers what a triggered run's own token is made of. */
export function addTokens(builder: Builder, problems: Problems) {
  const minted = builder.objectRef<Minted>('TokenMinted').implement({
    description: 'A token, which nobody keeps: it is shown this once.',
    fields: (t) => ({
      token: t.exposeString('token', {
        description: 'To be sent as `Authorization: Bearer …`, or in `connection_init`.',
      }),
      id: t.exposeID('id', { description: 'What it is revoked by: `token:` and this.' }),
      expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it expires.' }),
    }),
  });
  const result = builder.unionType('MintTokenResult', {
    description: 'What came of a wish for a token.',
    types: [
      minted,
      problems.taskRunNotFound,
      problems.taskDefinitionNotFound,
      problems.invalidArgument,
      problems.forbidden,
    ],
    resolveType: typeOf,
  });
  const expiresIn = builder.args((t) => ({
    expiresIn: t.int({
      required: true,
      defaultValue: USUAL,
      description: `Seconds that it lives: 1 to ${LIMITS.token.lifetime} (a day).`,
    }),
  }));
  const forRun = builder.args((t) => ({
    can: t.field({
      type: ['Right'],
      description:
        'What it may do with the run; `READ` is among it. Default: `READ` and `LOGS`, as far as the caller has them.',
    }),
    ...expiresIn,
  }));

  builder.mutationField('mintRunToken', (t) =>
    t.field({
      type: result,
      description:
        'A token for one run, for a browser or another team: all that it shows is that run. It holds no right that the caller lacks, and mints no other.',
      args: { id: t.arg.id({ required: true, description: 'The run.' }), ...forRun },
      resolve: async (_, { id, can, expiresIn: seconds }, { minter }) =>
        await orProblem(async () =>
          toMinted(await minter.forRun(id, { can: can ?? undefined, expiresIn: seconds })),
        ),
    }),
  );

  builder.mutationField('mintTriggerToken', (t) =>
    t.field({
      type: result,
      description:
        'A token that triggers one definition, and shows nothing. Whoever triggers by it may ask for the `token` of that run, to read it and its log as far as the caller may.',
      args: {
        definition: t.arg.id({ required: true, description: 'Id of the definition.' }),
        fixed: t.arg({
          type: 'JSON',
          description: 'An object: fields of the input that are as they are here.',
        }),
        once: t.arg.boolean({
          required: true,
          defaultValue: true,
          description:
            'It is one run, however often and by how many it is used: `TaskRunDeduplicated` from the second time on.',
        }),
        ...expiresIn,
      },
      resolve: async (_, { fixed, ...asked }, { minter }) =>
        await orProblem(async () =>
          toMinted(await minter.forTrigger({ ...asked, fixed: fixed ?? undefined })),
        ),
    }),
  );

  return { minted, forRun, toMinted };
}
export type Tokens = ReturnType<typeof addTokens>;

const toMinted = (token: MintedToken): Minted => ({ type: 'TokenMinted', ...token });

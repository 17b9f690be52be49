import type { Minter } from '../login/minter.ts';
import type { MintedToken } from '../login/run-tokens.ts';
import { failureOf } from './audited.ts';
import type { Tell, Told } from './decision.ts';

export type Minting = Pick<Minter, 'forRun' | 'forTriggered' | 'forTrigger'>;

/** A minter whose tokens are told, each by its id; and those that it refused. */
export function auditedMinter(minter: Minting, tell: Tell): Minting {
  const mint = async (
    about: Pick<Told, 'run' | 'definition'>,
    minting: Promise<MintedToken>,
  ): Promise<MintedToken> => {
    const action = 'token-mint';
    try {
      const minted = await minting;
      tell({ action, outcome: 'success', ...about, token: minted.id });
      return minted;
    } catch (error) {
      tell({ action, ...about, ...failureOf(error) });
      throw error;
    }
  };
  return {
    forRun: (id, asked) => mint({ run: id }, minter.forRun(id, asked)),
    forTriggered: (run, asked) =>
      mint({ run: run.id, definition: run.definition }, minter.forTriggered(run, asked)),
    forTrigger: (asked) => mint({ definition: asked.definition }, minter.forTrigger(asked)),
  };
}

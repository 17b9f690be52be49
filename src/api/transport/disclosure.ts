import { NoSchemaIntrospectionCustomRule } from 'graphql';
import type { ValidationRule } from 'graphql';
import { limitRules } from './document-rules.ts';

/** What the gateway tells of its schema to those who do not know it; everything unless it is switched off. */
export interface Disclosure {
  /** Introspection, which tools and the page read the schema by. */
  readonly introspection?: boolean | undefined;
  /** «Did you mean …?» in the words of errors. */
  readonly suggestions?: boolean | undefined;
}

/** Rules beside GraphQL's own. */
export const rulesFor = ({ introspection = true }: Disclosure): readonly ValidationRule[] =>
  introspection ? limitRules : [...limitRules, NoSchemaIntrospectionCustomRule];

/** Faults in options: the code that finds them knows its inputs by the names of variables. */

import { ConfigurationError } from '../core/errors.js';

/** Rethrows an error, with the faults of variables renamed to the options that stand for them. */
export function nameOptions(options: Readonly<Record<string, string>>): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(error.faults.map(({ name, problem }) => ({ name: options[name] ?? name, problem })));
  };
}

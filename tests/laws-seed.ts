import fc from 'fast-check';
import { inject } from 'vitest';

// Laws are tried on the same cases in every run, so that a red run can be repeated; LAWS_SEED=7 npm test tries others.
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: inject('lawsSeed') });

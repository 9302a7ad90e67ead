import type { ProgramTexts } from '@shellflip/orphans'

/** Names procroll and its flags in the errors of the packages below. */
export const programTexts: ProgramTexts = {
  program: 'procroll',
  otherRecord: 'choose another --name or --control-socket',
  policyEnd: 'run with --orphans end',
}

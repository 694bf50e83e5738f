// What the kernel offers, for people: one line for each group, and one for each thing that it
// lacks.
import type { Capabilities, Capability, CapabilityGroup } from '../host/capabilities';
import { formatTable, type Paint } from './terminal';

export function formatCapabilities({ missing, features }: Capabilities, paint: Paint): string {
  if (missing) return `  ${paint.dim(`not tried: ${missing}`)}`;
  const groups = new Map<CapabilityGroup, Capability[]>();
  for (const feature of Object.values(features)) {
    groups.set(feature.group, [...(groups.get(feature.group) ?? []), feature]);
  }
  return formatTable([...groups].flatMap(([group, members]) => groupRows(group, members, paint)));
}

function groupRows(group: string, members: readonly Capability[], paint: Paint): string[][] {
  const available = members.filter((member) => member.available);
  const lacking = members.filter((member) => !member.available);
  // Of flags that mean the same bit, the numbers are what one wants to know.
  const label = ({ shown, value }: Capability): string =>
    group === 'non-blocking' && value !== undefined ? `${shown} 0x${value.toString(16)}` : shown;
  const first = paint.green(available.map(label).join(', ') || 'none');
  return [
    [`  ${group}`, first],
    ...lacking.map(({ shown, reason }) => ['', paint.dim(`no ${shown}: ${reason}`)]),
  ];
}

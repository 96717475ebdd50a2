import { timeOfDaySeconds } from '../../core/clock.ts';
import { events, isLoaded } from '../../state/fleet.ts';
import { selectVehicle } from '../../state/selection.ts';
import { timeZone } from '../../state/session.ts';
import { Icon, type IconName } from '../icons.tsx';

const icons: Readonly<Record<string, IconName>> = {
  enter: 'enter',
  exit: 'leave',
  pass: 'pass',
  visit: 'pin',
};
const words: Readonly<Record<string, string>> = {
  enter: 'entered',
  exit: 'left',
  pass: 'passed through',
  visit: 'served stop',
};

/** What vans did lately: fences crossed, stops served. */
export const Events = () => {
  if (events.value.length === 0) {
    return <p class="empty">{isLoaded.value ? 'Nothing has happened yet today.' : 'Reading events…'}</p>;
  }
  return (
    <ol class="events">
      {events.value.map((event) => (
        <li key={`${event.vehicleId} ${event.at} ${event.kind} ${event.place}`}>
          <span class="event-icon">
            <Icon name={icons[event.kind] ?? 'info'} size={13} />
          </span>
          <time>{timeOfDaySeconds(event.at, timeZone.value)}</time>
          <span>
            <button type="button" class="link" onClick={() => selectVehicle(event.vehicleId)}>
              {event.vehicle}
            </button>{' '}
            <span class="muted">{words[event.kind] ?? event.kind}</span> {event.place}
          </span>
        </li>
      ))}
    </ol>
  );
};

import type { BrokerFiles } from '../api-devices.ts';
import type { BrokerCredential } from '../queries/provisioning.ts';

const up = ['telemetry', 'stops', 'status', 'answers'] as const;
const down = ['command', 'route'] as const;

/** What an outside broker needs to admit a fleet's devices and gateways, each to its own topics alone. */
export function brokerFiles(
  target: 'mosquitto' | 'emqx',
  fleet: string,
  credentials: readonly BrokerCredential[],
): BrokerFiles {
  // A line of Mosquitto's password file ends the name at the first colon.
  const isUsable = ({ hash, name }: BrokerCredential) =>
    hash !== null && (target === 'emqx' || !name.includes(':'));
  const usable = credentials.filter(isUsable);
  const left = credentials.filter((each) => !isUsable(each)).map(({ username }) => username);
  return { files: target === 'mosquitto' ? mosquitto(fleet, usable) : emqx(fleet, usable), left };
}

/** A device's name, or every device of the fleet for a gateway. */
const levelOf = ({ kind, name }: BrokerCredential): string => (kind === 'device' ? name : '+');

function mosquitto(fleet: string, credentials: readonly BrokerCredential[]): Record<string, string> {
  const nameOf = ({ kind, name }: BrokerCredential) => `${fleet}/${kind}/${name}`;
  const gateways = credentials
    .filter(({ kind }) => kind === 'gateway')
    .map((each) =>
      [
        `user ${nameOf(each)}`,
        ...up.map((channel) => `topic write fleet/${fleet}/device/+/${channel}`),
        ...down.map((channel) => `topic read fleet/${fleet}/device/+/${channel}`),
      ].join('\n'),
    );
  const devices = [
    '# A device is called {fleet}/device/{device} and speaks for itself alone.',
    ...up.map((channel) => `pattern write fleet/%u/${channel}`),
    ...down.map((channel) => `pattern read fleet/%u/${channel}`),
  ];
  const note = `# Gateways of fleet ${fleet}: any device of it. Paceline itself needs: topic readwrite fleet/#`;
  return {
    // The hashes are those that mosquitto_passwd -H sha512 writes.
    passwords: credentials.map((each) => `${nameOf(each)}:${each.hash}\n`).join(''),
    access: `${[note, ...gateways, devices.join('\n')].join('\n\n')}\n`,
    'mosquitto.conf': ['allow_anonymous false', 'password_file passwords', 'acl_file access', ''].join('\n'),
  };
}

function emqx(fleet: string, credentials: readonly BrokerCredential[]): Record<string, string> {
  const users = credentials.map(({ username, hash }) => {
    const [, , salt = '', digest = ''] = (hash ?? '').split('$');
    return {
      user_id: username,
      password_hash: Buffer.from(digest, 'base64').toString('hex'),
      salt: Buffer.from(salt, 'base64').toString('ascii'),
      is_superuser: false,
    };
  });
  const rules = credentials.flatMap((each) => {
    const topics = (channels: readonly string[]) =>
      channels.map((channel) => `"fleet/${fleet}/device/${levelOf(each)}/${channel}"`).join(', ');
    const who = `{user, "${each.username}"}`;
    return [`{allow, ${who}, publish, [${topics(up)}]}.`, `{allow, ${who}, subscribe, [${topics(down)}]}.`];
  });
  return {
    'users.json': `${JSON.stringify(users, undefined, 1)}\n`,
    'acl.conf': `${[...rules, '{deny, all}.'].join('\n')}\n`,
    'emqx.conf': `authentication = [{
  mechanism = password_based
  backend = built_in_database
  user_id_type = username
  password_hash_algorithm { name = sha512, salt_position = suffix }
  bootstrap_file = "etc/users.json"
  bootstrap_type = hash
}]
authorization {
  no_match = deny
  sources = [{ type = file, enable = true, path = "etc/acl.conf" }]
}
`,
  };
}

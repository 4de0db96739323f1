/**
 * Turns what a person may type or paste into a channel's login, by the same
 * rules as the server (chat.CleanChannel), so that the page can tell at once
 * whether it understood. The server still decides.
 *
 * Understood: "Name", "@name", "#name", "twitch.tv/name",
 * "https://m.twitch.tv/name/videos", "https://www.twitch.tv/popout/name/chat?popout=",
 * "https://player.twitch.tv/?channel=name". Returns undefined where no valid
 * login is left.
 */
export function cleanChannel(input: string): string | undefined {
  let s = input.trim().toLowerCase()
  if (s.startsWith('https:')) s = s.slice('https:'.length)
  else if (s.startsWith('http:')) s = s.slice('http:'.length)
  s = s.replace(/^\/+/, '')

  const host = hosts.find((h) => s.startsWith(h))
  if (host === undefined) {
    return valid(s.replace(/^[@#]+/, ''))
  }
  if (host === 'clips.twitch.tv/') return undefined // a clip's address does not name its channel
  const rest = s.slice(host.length)
  if (host === 'player.twitch.tv/') return fromQuery(rest)

  const path = (rest.split(/[?#]/, 1)[0] ?? '').replace(/^\/+|\/+$/g, '')
  const [first = '', second] = path.split('/')
  if (second !== undefined && wrappers.has(first)) return valid(second)
  if (reserved.has(first)) return undefined
  return valid(first)
}

/** Reports whether s is a Twitch login in lower case. */
export function validLogin(s: string): boolean {
  return /^[a-z0-9][a-z0-9_]{0,24}$/.test(s)
}

const hosts = [
  'twitch.tv/',
  'www.twitch.tv/',
  'm.twitch.tv/',
  'go.twitch.tv/',
  'player.twitch.tv/',
  'dashboard.twitch.tv/',
  'clips.twitch.tv/',
]

const wrappers = new Set(['popout', 'embed', 'moderator', 'u'])

/** First path elements of twitch.tv that are pages of Twitch's own. */
const reserved = new Set(
  (
    ' directory videos video settings downloads jobs p search subscriptions wallet inventory drops prime ' +
    'turbo store login signup friends collections popout embed moderator u clip'
  ).split(' '),
)

function valid(s: string): string | undefined {
  const login = s.replace(/\/+$/, '')
  return validLogin(login) ? login : undefined
}

function fromQuery(rest: string): string | undefined {
  const query = rest.split('?').slice(1).join('?')
  for (const pair of query.split('&')) {
    if (pair.startsWith('channel=')) {
      const login = pair.slice('channel='.length)
      if (validLogin(login)) return login
    }
  }
  return undefined
}

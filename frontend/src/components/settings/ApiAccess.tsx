import { KeyRound } from 'lucide-react'
import { session } from '../../api/session'
import { apiURL } from '../../api/transport'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { textLink } from '../auth/links'
import { Button } from '../ui'

const texts = t.settings.api

/** The access token for programs, and what having it means. */
export function ApiAccess() {
  const copy = async () => {
    const token = session.token()
    if (token === null) {
      toast.warn(texts.none)
      return
    }
    try {
      await navigator.clipboard.writeText(token)
      toast.done(t.common.copied)
    } catch {
      toast.warn(t.common.copyFailed)
    }
  }
  return (
    <div className="flex flex-col gap-3">
      <p>{texts.lead}</p>
      <p className="text-muted">{texts.where}</p>
      <div className="flex flex-wrap items-center gap-4">
        <Button onClick={() => void copy()}>
          <KeyRound aria-hidden className="size-3.5" />
          {texts.copy}
        </Button>
        <a href={apiURL('/docs')} className={textLink}>
          {texts.docs}
        </a>
      </div>
    </div>
  )
}

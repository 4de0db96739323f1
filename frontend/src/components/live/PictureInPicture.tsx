import { PictureInPicture2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { createPortal } from 'react-dom'
import { useAnalyze } from '../../contexts/analyze'
import { t } from '../../i18n'
import { toast } from '../../lib/toast'
import { IconButton } from '../ui'
import { CompactView } from './CompactView'
import { basePath } from '../../lib/basePath'

interface DocumentPictureInPicture {
  requestWindow: (options: { width: number; height: number }) => Promise<Window>
}

const api = (): DocumentPictureInPicture | undefined =>
  (window as { documentPictureInPicture?: DocumentPictureInPicture }).documentPictureInPicture

const size = { width: 320, height: 170 }

/** Opens the compact view in a window that stays on top; where a browser has none, in a small window of its own. */
export function PictureInPicture() {
  const { channel } = useAnalyze()
  const [shown, setShown] = useState<Window>()

  useEffect(() => {
    if (shown === undefined) return
    const closed = () => {
      setShown(undefined)
    }
    shown.addEventListener('pagehide', closed)
    return () => {
      shown.removeEventListener('pagehide', closed)
      shown.close()
    }
  }, [shown])

  const open = async () => {
    if (shown !== undefined) {
      shown.close()
      return
    }
    const pip = api()
    if (pip === undefined) {
      const url = `${basePath}/compact/${channel}`
      if (window.open(url, `chatmood-${channel}`, `popup,width=${size.width},height=${size.height}`) === null)
        toast.warn(t.live.pipBlocked)
      return
    }
    try {
      const opened = await pip.requestWindow(size)
      dress(opened)
      setShown(opened)
    } catch (error) {
      toast.warn(t.live.pipBlocked, error instanceof Error ? error.message : undefined)
    }
  }
  return (
    <>
      <IconButton
        label={shown === undefined ? t.live.pip : t.live.pipClose}
        aria-pressed={shown !== undefined}
        className="aria-pressed:bg-accent-soft aria-pressed:text-accent max-sm:hidden"
        onClick={() => void open()}
      >
        <PictureInPicture2 aria-hidden className="size-4" />
      </IconButton>
      {shown !== undefined && createPortal(<CompactView />, shown.document.body)}
    </>
  )
}

/** Gives a new window this page's looks. Its sheets are linked again: styles of scripts are not allowed. */
function dress(opened: Window): void {
  const { document: doc } = opened
  doc.title = document.title
  doc.documentElement.lang = document.documentElement.lang
  const { theme } = document.documentElement.dataset
  if (theme !== undefined) doc.documentElement.dataset.theme = theme
  for (const sheet of document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')) {
    const link = doc.createElement('link')
    link.rel = 'stylesheet'
    link.href = sheet.href
    doc.head.append(link)
  }
}

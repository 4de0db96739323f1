import { NavLink, Outlet } from 'react-router'
import { t } from '../../i18n'

const places = ['dashboard', 'users', 'invites', 'logs', 'channels', 'mail'] as const

/** What surrounds the pages of administrators. */
export default function AdminLayout() {
  return (
    <div className="mx-auto flex w-full max-w-6xl flex-col gap-4 px-4 py-5">
      <nav aria-label={t.admin.title} className="flex flex-wrap gap-x-1 border-b border-line">
        {places.map((place) => (
          <NavLink
            key={place}
            to={`/admin/${place}`}
            className="-mb-px border-b-2 border-transparent px-2.5 py-1.5 max-sm:px-1.5 text-muted hover:text-text aria-[current=page]:border-accent aria-[current=page]:font-medium aria-[current=page]:text-text"
          >
            {t.admin.places[place]}
          </NavLink>
        ))}
      </nav>
      <Outlet />
    </div>
  )
}

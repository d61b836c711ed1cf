"""The texts that people see, in English and Russian; codes stand beside them in ``orig``."""

from __future__ import annotations

_TEXTS: dict[str, tuple[str, str]] = {
    "status.1": ("Ordered", "Заказан"),
    "status.2": ("Active", "Активен"),
    "status.3": ("Suspended", "Остановлен"),
    "status.4": ("Deleted", "Удалён"),
    "status.5": ("In progress", "Обрабатывается"),
    "item.1": ("Ordered", "Заказан"),
    "item.2": ("Active", "Активен"),
    "item.3": ("Suspended", "Остановлен"),
    "item.3_autosuspend": ("Suspended: not paid", "Остановлен: не оплачен"),
    "item.3_employeesuspend": ("Suspended by staff", "Остановлен администратором"),
    "item.4": ("Deleted", "Удалён"),
    "item.5_open": ("Being opened", "Открывается"),
    "item.5_close": ("Being closed", "Закрывается"),
    "task.0": ("Open", "Открыта"),
    "task.1": ("In work", "В работе"),
    "task.2": ("Closed", "Закрыта"),
    "type.postopen": ("Service activation", "Открытие услуги"),
    "type.open": ("Service activation", "Открытие услуги"),
    "type.postclose": ("Service deletion", "Закрытие услуги"),
    "type.postsuspend": ("Service suspension", "Остановка услуги"),
    "type.postresume": ("Service resumption", "Запуск услуги"),
    "payment.1": ("New", "Новый"),
    "payment.2": ("Being paid", "Оплачивается"),
    "payment.4": ("Credited", "Зачислен"),
    "payment.9": ("Cancelled", "Отменён"),
    "module.manual": ("Manual processing", "Ручная обработка"),
    "module.ispmanager": ("ISPmanager", "ISPmanager"),
    "module.other": ("DNSmanager", "DNSmanager"),
    "itemtype.vhost": ("Shared hosting", "Виртуальный хостинг"),
    "itemtype.dnshost": ("DNS hosting", "DNS-хостинг"),
    "enabled": ("Enabled", "Включён"),
    "disabled": ("Disabled", "Выключен"),
    "months": ("months", "мес."),
    "month": ("Month", "Месяц"),
    "daily": ("Daily charges", "Ежедневное списание"),
    "total": ("Total", "Итого"),
    "discount": ("Discount", "Скидка"),
    "payment.8": ("Initiated", "Инициирован"),
    "null": ("-- none --", "-- не указано --"),
}


def text(key: str, lang: str) -> str:
    """Give a text in a language; a key without a text stands for itself."""
    pair = _TEXTS.get(key)
    if pair is None:
        return key.partition(".")[2] or key
    return pair[1] if lang == "ru" else pair[0]

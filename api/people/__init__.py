"""Who a person is: phone by SMS, WeChat bound by code or login, and two that are one."""

"""What former runs found: recorded, understood, and compared with the present one."""

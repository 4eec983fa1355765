<html>
<head><title>Rows</title></head>
<body>
<table>
<?php for ($number = 1; $number <= 50; $number++): ?>
<tr><td><?= $number ?></td><td>row <?= $number * $number ?></td></tr>
<?php endfor ?>
</table>
</body>
</html>
